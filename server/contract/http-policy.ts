/**
 * What sys/config/cors and sys/config/ui/headers say, as `server/http` asks it. The system engine's side keeps it in
 * storage; both answers come from memory, since they are asked with every request.
 */

/** `sys/config/cors` while it is enabled. */
export interface CorsRules {
  /** As set: whole origins ("https://ui.example.com"), or "*" alone. */
  readonly allowedOrigins: readonly string[];
  /** As Access-Control-Allow-Headers shows them: Vault's standard headers and those that were added. */
  readonly allowedHeaders: readonly string[];
}

export interface HttpPolicy {
  /** undefined while CORS is off, and while sealed. */
  cors(): CorsRules | undefined;
  /** `sys/config/ui/headers`: beside the replies to paths below "/ui/". Names in lower case; empty while sealed. */
  uiHeaders(): ReadonlyMap<string, readonly string[]>;
}
