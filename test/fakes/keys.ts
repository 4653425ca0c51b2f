/** All keys of a store: what a test leaves behind. */
export function keysOf(store: Parameters<typeof allBelow>[0]): Promise<readonly string[]> {
  return allBelow(store, "");
}

async function allBelow(
  store: { list(prefix: string): Promise<readonly string[]> },
  prefix: string,
): Promise<readonly string[]> {
  const out: string[] = [];
  for (const name of await store.list(prefix)) {
    if (name.endsWith("/")) out.push(...(await allBelow(store, prefix + name)));
    else out.push(prefix + name);
  }
  return out;
}
