/** Every route of sys/ about new shares, valid and bad. */
import { sysRekeyArea } from "../cases/sys-rekey.ts";
import { cover } from "../cover.ts";

cover(sysRekeyArea);
