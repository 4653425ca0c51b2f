/** Every route of Vault's identity store that is answered, valid and bad. */
import { toyAuth } from "../../fakes/toy-auth.ts";
import { identityArea } from "../cases/identity.ts";
import { cover } from "../cover.ts";

cover(identityArea, { kinds: [toyAuth] });
