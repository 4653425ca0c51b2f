/** Every route of sys/leases and its older names, valid and bad. */
import { lender } from "../../fakes/lender.ts";
import { sysLeasesArea } from "../cases/sys-leases.ts";
import { cover } from "../cover.ts";

cover(sysLeasesArea, { kinds: [lender({ alive: new Set(), tried: [], down: false })] });
