/** Rows of sys: wrapping, quotas, locked users, requests in flight. */
import { userpassAuth } from "../../../server/auth/userpass/userpass.ts";
import { fakePasswords } from "../../fakes/passwords.ts";
import { sysGuardArea } from "../cases/sys-guard.ts";
import { cover } from "../cover.ts";

cover(sysGuardArea, { kinds: [userpassAuth(fakePasswords())] });
