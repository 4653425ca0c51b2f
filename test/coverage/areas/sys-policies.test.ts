/** sys/policies and their neighbours: every route, valid and bad. */
import { sysPoliciesArea } from "../cases/sys-policies.ts";
import { cover } from "../cover.ts";

cover(sysPoliciesArea);
