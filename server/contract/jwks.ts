/** What issuers of tokens publish: discovery documents and key sets. `server/clients/jwks.ts` fetches them. */

export interface IssuerDocuments {
  /**
   * A GET without redirects, bounded in time and size.
   * @param caPem certificates that are trusted instead of the machine's; "" = the machine's
   * @returns the body of a 200
   * @throws Fault "unavailable" whose message says what went wrong, for people; it never holds the URL or the body
   */
  get(url: string, caPem: string): Promise<string>;
}
