/** Every route of area auth/ldap is answered. */
import { ldapAuth } from "../../../server/auth/ldap/ldap.ts";
import { entry, fakeLdap } from "../../fakes/ldap.ts";
import { ldapArea } from "../cases/ldap.ts";
import { cover } from "../cover.ts";

const ANN = "uid=ann,ou=people,dc=x";
const directory = fakeLdap();
directory.passwords.set("cn=svc,dc=x", "svc").set(ANN, "pw");
directory.found.set("ou=people,dc=x (uid=ann)", [entry(ANN, { uid: ["ann"] })]);
directory.found.set(`ou=groups,dc=x (member=${ANN})`, [entry("cn=Devs,ou=groups,dc=x", { cn: ["Devs"] })]);

cover(ldapArea, { kinds: [ldapAuth(directory)] });
