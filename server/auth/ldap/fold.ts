/**
 * Names as a directory compares them: "Ann ", "ANN" and "ann" are one user to it, so they are one to the lockout, to the
 * mappings and to identity (CVE-2025-6004, CVE-2025-6013). Source: RFC 4518 sections 2.2, 2.3 and 2.6.1.
 */

/** Invisible characters and controls, which section 2.2 maps to nothing once the blanks among them are spaces. */
const NOTHING = /[\p{Default_Ignorable_Code_Point}\p{Cc}]/gu;

/** The one place where this method lower-cases names. @param exact `case_sensitive_names` */
export function foldName(name: string, exact = false): string {
  if (exact) return name;
  const visible = name.replace(/\s+/g, " ").replace(NOTHING, "").normalize("NFKC");
  return visible.replace(/ +/g, " ").trim().toLowerCase();
}

/** Letters that Unicode does not take apart and Active Directory does. */
const APART: Readonly<Record<string, string>> = { Æ: "AE", Œ: "OE", Þ: "TH", Ø: "O", Ł: "L", Đ: "D" };

/**
 * For the lockout alone: Active Directory finds "José" under "jose" too, so every accent would be a new count. Users who
 * share such a name share a count, and nothing else. Source: [MS-UCODEREF] section 3.1.5.2; RFC 4518.
 */
export function countedName(name: string): string {
  const bare = name.normalize("NFKD").replace(/\p{M}/gu, "").toUpperCase();
  return foldName(bare.replace(/[ÆŒÞØŁĐ]/g, (letter) => APART[letter] ?? letter));
}
