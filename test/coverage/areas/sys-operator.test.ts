/** Every route of sys/ about the server itself and its keys, valid and bad. */
import { sysInitArea, sysOperatorArea } from "../cases/sys-operator.ts";
import { cover } from "../cover.ts";

cover(sysOperatorArea);
cover(sysInitArea, { open: false });
