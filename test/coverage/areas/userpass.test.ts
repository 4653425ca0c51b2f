/** Every route of area auth/userpass is answered. */
import { userpassAuth } from "../../../server/auth/userpass/userpass.ts";
import { bcryptPasswords } from "../../../server/clients/bcrypt.ts";
import { userpassArea } from "../cases/userpass.ts";
import { cover } from "../cover.ts";

cover(userpassArea, { kinds: [userpassAuth(bcryptPasswords())] });
