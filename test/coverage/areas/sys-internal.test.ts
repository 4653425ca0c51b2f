/** sys/internal, plugins and what is always the same: every route. */
import { sysInternalArea } from "../cases/sys-internal.ts";
import { cover } from "../cover.ts";

cover(sysInternalArea);
