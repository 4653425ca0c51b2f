/**
 * Commands of Vault that this server has no use for: each says why, and what to do instead, in place of "unknown command".
 * Source: Vault CLI documentation, list of commands.
 */
import { CommandError } from "../io.ts";
import { command, type Spec } from "./register.ts";

const NO_PLUGINS = "there are no plugins here: all engines and auth methods are part of the server (oksae plugin list)";
const NO_CLUSTER_STORE = "there is no raft, and one kind of store: docs/operations.md tells how it is saved";

const SENTENCES: readonly (readonly [string, string])[] = [
  ["operator diagnose", 'there is no diagnosis: "oksae server -config FILE" names what does not open'],
  [
    "operator usage",
    "clients are not counted: sys/internal/counters/tokens and sys/internal/counters/entities tell how many there are",
  ],
  [
    "operator utilization",
    "clients are not counted: sys/internal/counters/tokens and sys/internal/counters/entities tell how many there are",
  ],
  ["operator raft", NO_CLUSTER_STORE],
  ["operator migrate", NO_CLUSTER_STORE],
  ["operator import", "there is no import: read the old server, and write to this one with kv put"],
  ["plugin register", NO_PLUGINS],
  ["plugin deregister", NO_PLUGINS],
  ["plugin info", NO_PLUGINS],
  ["plugin reload", NO_PLUGINS],
  ["plugin reload-status", NO_PLUGINS],
  ["plugin runtime", NO_PLUGINS],
  ["namespace", "namespaces are not supported: mounts and policies keep teams apart"],
  [
    "debug",
    'there is no debug bundle: "oksae status", "oksae read sys/host-info" and sys/metrics show the server\'s state',
  ],
  ["monitor", "logs are not streamed: read them where the server writes them; sys/loggers sets how much"],
  ["events", "there are no events to subscribe to: an audit device tells of every request"],
  ["proxy", 'there is no proxy: "oksae agent" renders secrets into files, and clients can ask the server itself'],
  ["hcp", "there is no HCP: give the server's -address"],
  ["license", "there is no license: everything is free to use"],
  ["pki", "there is no pki engine yet"],
  ["ssh", "there is no ssh engine yet"],
  ["transit", "there is no transit engine yet"],
  ["transform", "there is no transform engine"],
];

export const notHereCommands: readonly Spec[] = SENTENCES.map(([name, sentence]) =>
  command({
    usage: `${name} [arguments...]`,
    about: sentence,
    hidden: true,
    run: () => Promise.reject(new CommandError(1, `oksae ${name}: ${sentence}`)),
  }),
);
