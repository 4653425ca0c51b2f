// Who may import whom. A room imports only itself, lib and the rooms listed for it; everything else is an error.
const MAY = {
  lib: [],
  "agent/config": [],
  "agent/identity": [],
  "agent/login": ["agent/identity"],
  "agent/token": ["agent/login"],
  "agent/fetch": ["agent/token", "agent/render"],
  "agent/render": [],
  "agent/place": [],
  "agent/supervise": [],
  "agent/local": [],
  "server/contract": [],
  "server/config": ["server/contract", "server/audit"],
  "server/listen": ["server/contract"],
  "server/storage": ["server/contract"],
  "server/barrier": ["server/contract"],
  "server/seal": ["server/contract", "server/barrier"],
  "server/policy": ["server/contract"],
  "server/audit": ["server/contract"],
  "server/token": ["server/contract", "server/lease"],
  "server/lease": ["server/contract"],
  "server/identity": ["server/contract"],
  "server/guard": ["server/contract"],
  "server/clients": ["server/contract"],
  "server/auth": ["server/contract"],
  "server/engines": ["server/contract"],
  "server/metrics": ["server/contract"],
  "server/core": [
    "server/contract",
    "server/barrier",
    "server/seal",
    "server/policy",
    "server/audit",
    "server/token",
    "server/lease",
    "server/identity",
    "server/guard",
  ],
  "server/http": ["server/core", "server/contract"],
  cli: [],
};

const room = (name) => `^${name}/`;

const rooms = Object.entries(MAY).map(([name, may]) => ({
  name: `${name.replace("/", "-")}-imports`,
  comment: `${name} may import only itself, lib and: ${may.join(", ") || "nothing else"}`,
  severity: "error",
  from: { path: room(name) },
  to: { path: "^(agent|server|lib|cli)/", pathNot: [room(name), room("lib"), ...may.map(room)] },
}));

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...rooms,
    { name: "no-circle", severity: "error", from: {}, to: { circular: true } },
    { name: "agent-not-server", severity: "error", from: { path: "^agent/" }, to: { path: "^(server|cli)/" } },
    { name: "server-not-agent", severity: "error", from: { path: "^server/" }, to: { path: "^(agent|cli)/" } },
    { name: "cli-not-others", severity: "error", from: { path: "^cli/" }, to: { path: "^(agent|server)/" } },
    {
      name: "engine-not-engine",
      comment: "an engine or auth method knows no other one",
      severity: "error",
      from: { path: "^server/(engines|auth)/([^/]+)/" },
      to: { path: "^server/(engines|auth)/[^/]+/", pathNot: "^server/$1/$2/" },
    },
    {
      name: "net-only-at-the-edge",
      comment: "engines, auth methods and policy do no I/O of their own: what must reach outside gets a port",
      severity: "error",
      from: { path: "^server/(engines|auth|policy|core|contract|token|lease|identity|guard)/" },
      to: { dependencyTypes: ["core"], path: "^(node:)?(net|tls|http|https|fs|child_process|dgram)" },
    },
    {
      name: "render-is-pure",
      comment: "rendering turns values into bytes and touches nothing",
      severity: "error",
      from: { path: "^(agent/render|lib/template|lib/hcl|lib/crypto)/" },
      to: { dependencyTypes: ["core"], path: "^(node:)?(net|tls|http|https|fs|child_process|dgram|os)" },
    },
    { name: "no-orphan", severity: "error", from: { orphan: true, pathNot: "(^|/)main\\.ts$" }, to: {} },
    {
      name: "not-dev",
      severity: "error",
      from: { path: "^(agent|server|lib|cli)/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    builtInModules: {},
  },
};
