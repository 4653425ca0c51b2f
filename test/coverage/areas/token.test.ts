/** Every route of auth/token, valid and bad. */
import { tokenArea } from "../cases/token.ts";
import { cover } from "../cover.ts";

cover(tokenArea);
