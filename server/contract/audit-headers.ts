/** `sys/config/auditing/request-headers`: which request headers the audit shows. The system engine's side keeps them in storage. */

export interface AuditHeaders {
  /**
   * From names in lower case to whether their values are shown as HMACs. From memory: asked with every entry; the same
   * map until something changes. Empty while sealed.
   */
  wanted(): ReadonlyMap<string, { readonly hmac: boolean }>;
}
