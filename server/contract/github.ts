/** GitHub's REST API as the github method asks it; `server/clients/github.ts` speaks HTTP. Source: https://docs.github.com/rest. */
import type { Secret } from "../../lib/secret.ts";

export interface GithubAccess {
  /** Ends in a slash: "https://api.github.com/", "https://github.example.com/api/v3/". Nothing is ever asked elsewhere. */
  readonly baseUrl: string;
  /** undefined = what anyone may read. */
  readonly token: Secret | undefined;
}

export interface GithubOrganization {
  readonly id: number;
  readonly login: string;
}

export interface GithubTeam {
  readonly id: number;
  readonly name: string;
  readonly slug: string;
  readonly organizationId: number;
}

/**
 * Lists are read to their last page. All throw Fault "denied" when GitHub does not take the token or its rights are too few,
 * "not-found", "unavailable" with `retryAfter` when GitHub is away or its rate limit is reached, "upstream" for an answer
 * that is none of its API's.
 */
export interface Github {
  /** The login of the token's owner. */
  user(access: GithubAccess): Promise<string>;
  organizations(access: GithubAccess): Promise<readonly GithubOrganization[]>;
  teams(access: GithubAccess): Promise<readonly GithubTeam[]>;
  organization(access: GithubAccess, login: string): Promise<GithubOrganization>;
  /** Drops what is remembered of answers. */
  forget(): void;
}
