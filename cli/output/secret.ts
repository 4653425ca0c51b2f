/** A reply as a table: a secret's data, a token, a wrapping token. Source: Vault CLI, `vault read`, `vault token create`. */
import { isJsonList, isJsonMap, type Json, type JsonMap } from "../../lib/wire/json.ts";
import { goText, keyValueTable, sorted } from "./text.ts";

type Row = readonly [string, Json];

/** What -field may name and what the table shows: the token's rows, the wrapping's, else the data. */
export function rowsOf(body: JsonMap): readonly Row[] {
  const auth = body.get("auth");
  if (isJsonMap(auth)) return tokenRows(auth);
  const wrap = body.get("wrap_info");
  if (isJsonMap(wrap)) return wrapRows(wrap);
  const data = body.get("data");
  return isJsonMap(data) ? sorted(data) : [];
}

/** "" when there is nothing to show. */
export function secretTable(body: JsonMap): string {
  if (isJsonMap(body.get("wrap_info")) && !isJsonMap(body.get("auth"))) {
    return keyValueTable(rowsOf(body).map(([name, value]) => [`${name}:`, goTime(goText(value))]));
  }
  const rows = [...leaseRows(body), ...rowsOf(body)];
  if (rows.length === 0) return "";
  return keyValueTable(
    rows.map(([name, value]) => [name, isJsonMap(body.get("auth")) ? quotedLists(value) : goText(value)]),
  );
}

/** A time as Go prints it, "2026-01-02 15:04:05.9 +0000 UTC"; other texts as they are. */
function goTime(text: string): string {
  const [, day, clock, fraction = ""] = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?Z$/.exec(text) ?? [];
  if (day === undefined || clock === undefined) return text;
  return `${day} ${clock}${fraction.replace(/\.?0+$/, "")} +0000 UTC`;
}

/** Of the lease that comes with a secret; a login's token has rows of its own. */
export function leaseRows(body: JsonMap): readonly Row[] {
  const id = goText(body.get("lease_id") ?? "");
  const duration = goText(body.get("lease_duration") ?? "0");
  if (id !== "") {
    return [
      ["lease_id", id],
      ["lease_duration", goDuration(duration)],
      ["lease_renewable", body.get("renewable") ?? false],
    ];
  }
  return duration === "0" || isJsonMap(body.get("auth")) ? [] : [["refresh_interval", goDuration(duration)]];
}

function tokenRows(auth: JsonMap): readonly Row[] {
  const seconds = goText(auth.get("lease_duration") ?? "0");
  const rows: Row[] = [
    ["token", auth.get("client_token") ?? ""],
    ["token_accessor", auth.get("accessor") ?? ""],
    ["token_duration", seconds === "0" ? "∞" : goDuration(seconds)],
    ["token_renewable", auth.get("renewable") ?? false],
    ["token_policies", auth.get("token_policies") ?? []],
    ["identity_policies", auth.get("identity_policies") ?? []],
    ["policies", auth.get("policies") ?? []],
  ];
  const metadata = auth.get("metadata");
  if (isJsonMap(metadata)) for (const [name, value] of sorted(metadata)) rows.push([`token_meta_${name}`, value]);
  return rows;
}

function wrapRows(wrap: JsonMap): readonly Row[] {
  const wrapped = wrap.get("wrapped_accessor");
  return [
    ["wrapping_token", wrap.get("token") ?? ""],
    ["wrapping_accessor", wrap.get("accessor") ?? ""],
    ["wrapping_token_ttl", goDuration(goText(wrap.get("ttl") ?? "0"))],
    ["wrapping_token_creation_time", wrap.get("creation_time") ?? ""],
    ["wrapping_token_creation_path", wrap.get("creation_path") ?? ""],
    ...(wrapped === undefined ? [] : [["wrapped_accessor", wrapped] as const]),
  ];
}

/** Policy lists as Go's %q shows them: ["a" "b"]. */
function quotedLists(value: Json): string {
  return isJsonList(value) ? `[${value.map((item) => JSON.stringify(goText(item))).join(" ")}]` : goText(value);
}

/** Whole seconds as people write them: "768h", "1h30m", "20s". */
export function goDuration(seconds: string): string {
  const total = Number(seconds);
  if (!Number.isSafeInteger(total) || total <= 0) return "0s";
  const parts = [
    [Math.floor(total / 3600), "h"],
    [Math.floor((total % 3600) / 60), "m"],
    [total % 60, "s"],
  ] as const;
  return parts.map(([amount, unit]) => (amount === 0 ? "" : `${String(amount)}${unit}`)).join("");
}
