/** A real OpenLDAP server with a small company in it: users, groups in groups, an alias, StartTLS and ldaps with its own CA. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { freePort } from "../fakes/free-port.ts";

export const SLAPD = "/usr/sbin/slapd";
const ROOT = "dc=example,dc=org";
export const USERS = `ou=people,${ROOT}`;
export const GROUPS = `ou=groups,${ROOT}`;
export const SERVICE = { binddn: `cn=service,${ROOT}`, bindpass: "service-password" };

/** Everyone's password is "password of NAME". */
const LDIF = `dn: ${ROOT}
objectClass: dcObject
objectClass: organization
o: Example

dn: ${USERS}
objectClass: organizationalUnit

dn: ${GROUPS}
objectClass: organizationalUnit

dn: cn=service,${ROOT}
objectClass: organizationalRole
objectClass: simpleSecurityObject
userPassword: service-password

${user("ann", "Ann Lee")}
${user("bob", "Bob Ray")}
${user("zoë", "Zoë")}
${user("o(dd)*", "Odd (One)*")}
${user("com,ma", "Com, Ma")}
${user("twin1", "Twin")}
${user("twin2", "Twin")}
dn: cn=devs,${GROUPS}
objectClass: groupOfNames
cn: devs
member: ${dnOf("ann")}
member: ${dnOf("com,ma")}

dn: cn=staff,${GROUPS}
objectClass: groupOfNames
cn: staff
member: cn=devs,${GROUPS}
member: ${dnOf("bob")}

dn: cn=posix,${GROUPS}
objectClass: posixGroup
cn: posix
gidNumber: 1000
memberUid: ann

dn: cn=Equipe R\\, D,${GROUPS}
objectClass: groupOfNames
cn: Equipe R, D
member: ${dnOf("zoë")}

dn: ou=aliases,${ROOT}
objectClass: organizationalUnit

dn: cn=more,ou=aliases,${ROOT}
objectClass: alias
objectClass: extensibleObject
cn: more
aliasedObjectName: cn=devs,${GROUPS}
`;

export function dnOf(uid: string): string {
  return `uid=${uid.replace(/[,]/g, (c) => `\\${c}`)},${USERS}`;
}

function user(uid: string, cn: string): string {
  return `dn: ${dnOf(uid)}
objectClass: inetOrgPerson
uid: ${uid}
cn: ${cn}
sn: ${cn}
mail: ${uid.replace(/[^a-z0-9]/g, "")}@example.org
userPassword: password of ${uid}
`;
}

export class Slapd {
  readonly folder = mkdtempSync(join(tmpdir(), "oksae-slapd-"));
  #child: ChildProcess | undefined;
  #plain = 0;
  #tls = 0;

  get url(): string {
    return `ldap://127.0.0.1:${this.#plain}`;
  }

  get tlsUrl(): string {
    return `ldaps://127.0.0.1:${this.#tls}`;
  }

  get port(): number {
    return this.#plain;
  }

  /** PEM. */
  get ca(): string {
    return readFileSync(join(this.folder, "ca.pem"), "utf8");
  }

  async start(): Promise<void> {
    this.#certificates();
    const data = join(this.folder, "data");
    mkdirSync(data);
    writeFileSync(join(this.folder, "slapd.conf"), this.#config(data));
    writeFileSync(join(this.folder, "company.ldif"), LDIF);
    const conf = join(this.folder, "slapd.conf");
    execFileSync("/usr/sbin/slapadd", ["-f", conf, "-l", join(this.folder, "company.ldif")], { stdio: "pipe" });
    [this.#plain, this.#tls] = [await freePort(), await freePort()];
    this.#child = spawn(SLAPD, ["-f", conf, "-h", `${this.url} ${this.tlsUrl}`, "-d", "0"], { stdio: "ignore" });
    for (let turn = 0; !(await listens(this.#plain)); turn += 1) {
      if (turn > 100 || this.#child.exitCode !== null) throw new Error("slapd does not come up");
      await wait(50);
    }
  }

  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.kill(name);
  }

  stop(): void {
    this.#child?.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }

  #config(data: string): string {
    const schemas = ["core", "cosine", "nis", "inetorgperson"].map((name) => `include /etc/ldap/schema/${name}.schema`);
    return `${schemas.join("\n")}
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile ${join(this.folder, "pid")}
TLSCACertificateFile ${join(this.folder, "ca.pem")}
TLSCertificateFile ${join(this.folder, "server.pem")}
TLSCertificateKeyFile ${join(this.folder, "server.key")}
TLSVerifyClient try
sizelimit 500
database mdb
suffix "${ROOT}"
directory ${data}
maxsize 10485760
access to attrs=userPassword by anonymous auth by * none
access to * by anonymous read by * read
`;
  }

  /** An authority of its own, a server of this address, a client. */
  #certificates(): void {
    const run = (...args: readonly string[]): void => {
      execFileSync("openssl", args, { cwd: this.folder, stdio: "pipe" });
    };
    run(
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-keyout",
      "ca.key",
      "-out",
      "ca.pem",
      "-subj",
      "/CN=test ca",
      "-days",
      "2",
    );
    for (const name of ["server", "client"]) {
      run(
        "req",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        `${name}.key`,
        "-out",
        `${name}.csr`,
        "-subj",
        `/CN=${name}`,
      );
      writeFileSync(join(this.folder, "names"), "subjectAltName=IP:127.0.0.1");
      run(
        "x509",
        "-req",
        "-in",
        `${name}.csr`,
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-out",
        `${name}.pem`,
        "-days",
        "2",
        "-extfile",
        "names",
      );
      chmodSync(join(this.folder, `${name}.key`), 0o600);
    }
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => {
      resolve(false);
    });
  });
}
