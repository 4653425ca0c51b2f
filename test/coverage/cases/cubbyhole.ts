/** Area cubbyhole: what a token keeps for itself. */
import type { Area, RouteCase } from "../types.ts";

const mine = { method: "POST", path: "auth/token/create", data: {}, save: { mine: "auth.client_token" } } as const;
const tooMuch = (method: "GET" | "LIST" | "DELETE"): NonNullable<RouteCase["bad"]> => ({
  method,
  path: "cubbyhole/a%5Cb",
  status: 400,
  error: "backslash",
});

export const cubbyholeArea: Area = {
  name: "cubbyhole",
  given: [mine],
  cases: {
    "POST /cubbyhole/{path}": {
      when: { method: "POST", path: "cubbyhole/app/db", data: { password: "s3cret" }, status: 204 },
      keys: [],
      then: { method: "GET", path: "cubbyhole/app/db", shows: { data: { password: "s3cret" } } },
      bad: { method: "POST", path: "cubbyhole/app/db", data: {}, status: 400, error: "missing data fields" },
    },
    "GET /cubbyhole/{path}": {
      given: [
        { method: "POST", path: "cubbyhole/read", data: { a: "root's" } },
        { method: "POST", path: "cubbyhole/read", data: { a: "mine" }, token: "{{mine}}" },
      ],
      when: { method: "GET", path: "cubbyhole/read", status: 200, shows: { data: { a: "root's" } } },
      keys: ["request_id", "data.a"],
      then: { method: "GET", path: "cubbyhole/read", token: "{{mine}}", shows: { data: { a: "mine" } } },
      bad: tooMuch("GET"),
    },
    "LIST /cubbyhole/{path}": {
      given: [
        { method: "POST", path: "cubbyhole/folder/one", data: { a: "1" } },
        { method: "POST", path: "cubbyhole/folder/two/x", data: { a: "1" } },
      ],
      when: { method: "LIST", path: "cubbyhole/folder", status: 200, shows: { data: { keys: ["one", "two/"] } } },
      keys: ["data.keys"],
      then: { method: "LIST", path: "cubbyhole/folder", token: "{{mine}}", status: 404 },
      bad: tooMuch("LIST"),
    },
    "DELETE /cubbyhole/{path}": {
      given: [{ method: "POST", path: "cubbyhole/gone", data: { a: "1" } }],
      when: { method: "DELETE", path: "cubbyhole/gone", status: 204 },
      keys: [],
      then: { method: "GET", path: "cubbyhole/gone", status: 404 },
      bad: tooMuch("DELETE"),
    },
  },
};
