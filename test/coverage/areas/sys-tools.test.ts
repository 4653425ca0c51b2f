/** sys/tools and their neighbours: every route, valid and bad. */
import { sysToolsArea } from "../cases/sys-tools.ts";
import { cover } from "../cover.ts";

cover(sysToolsArea);
