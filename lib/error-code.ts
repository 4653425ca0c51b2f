/** The code of an error of Node or of the system ("ENOENT", "ERR_TLS_CERT_ALTNAME_INVALID"). */

/** Looks at the shape, not at the class: an error of another realm is none of this realm's `Error`s. @returns "" without one */
export function errorCode(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}
