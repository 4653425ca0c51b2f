/** How moves of mounts have gone, for those who ask by id: in memory, the last hundred, until the seal. Source: Vault's API page "/sys/remount". */
import type { Migration } from "../contract/mounts.ts";

const MOST = 100;

export class Migrations {
  readonly #all = new Map<string, Migration>();

  begin(id: string, { from, to }: Pick<Migration, "from" | "to">): void {
    const [oldest] = this.#all.keys();
    if (this.#all.size >= MOST && oldest !== undefined) this.#all.delete(oldest);
    this.#all.set(id, { from, to, status: "in-progress" });
  }

  end(id: string, status: Migration["status"]): void {
    const migration = this.#all.get(id);
    if (migration !== undefined) this.#all.set(id, { ...migration, status });
  }

  get(id: string): Migration | undefined {
    return this.#all.get(id);
  }

  clear(): void {
    this.#all.clear();
  }
}
