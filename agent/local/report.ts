/** The status file for people. */
import { formatDuration } from "../../lib/duration.ts";
import { isJsonList, isJsonMap, type Json, type JsonMap, JsonNumber } from "../../lib/wire/json.ts";

/** @param now wall-clock milliseconds @param alive whether the process that wrote it still runs */
export function report(
  status: JsonMap,
  now: number,
  alive: boolean,
): { readonly text: string; readonly good: boolean } {
  const token = map(status.get("token"));
  const items = (isJsonList(status.get("items")) ? (status.get("items") as readonly Json[]) : []).map(map);
  const blocker = text(status.get("blocker"));
  const good = alive && blocker === "" && text(token.get("problem")) === "" && items.every(isGood);
  const lines = [
    `agent    ${alive ? (blocker === "" ? "ready" : "not ready") : "not running (its last state follows)"}, pid ${shown(status.get("pid"))}`,
    `server   ${text(status.get("server"))}`,
    `token    ${tokenLine(token, now)}`,
    ...items.map((item) => `${isGood(item) ? "ok  " : "FAIL"}     ${itemLine(item, now)}`),
  ];
  if (blocker !== "") lines.push(`blocked  ${blocker}`);
  return { text: `${lines.join("\n")}\n`, good };
}

function tokenLine(token: JsonMap, now: number): string {
  const problem = text(token.get("problem"));
  const end = number(token.get("expires_at"));
  const life =
    end === undefined ? "without end" : end > now ? `ends in ${formatDuration(seconds(end - now))}` : "ended";
  const state = end === 0 ? "none yet" : `${life}, policies ${text(token.get("policies"))}`;
  return problem === "" ? state : `${state}: ${problem}`;
}

function itemLine(item: JsonMap, now: number): string {
  const problem = text(item.get("problem"));
  const changed = number(item.get("changed_at")) ?? 0;
  const age = changed === 0 ? "" : `, changed ${formatDuration(seconds(now - changed))} ago`;
  const optional = item.get("required") === true ? "" : " (not required)";
  return `${text(item.get("name"))}${optional}: ${text(item.get("state"))}${age}${problem === "" ? "" : `: ${problem}`}`;
}

function isGood(item: JsonMap): boolean {
  return text(item.get("state")) === "placed";
}

function seconds(ms: number): number {
  return Math.max(0, Math.round(ms / 1000) * 1000);
}

function map(value: Json | undefined): JsonMap {
  return isJsonMap(value) ? value : new Map<string, Json>();
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

function number(value: Json | undefined): number | undefined {
  return value instanceof JsonNumber ? Number(value.text) : undefined;
}

function shown(value: Json | undefined): string {
  return value instanceof JsonNumber ? value.text : "unknown";
}
