/** The store in memory: the conformance suite, and that it forgets versions nobody can see. */
import { memoryStore } from "../../../server/storage/memory.ts";
import { storageConformance } from "../../conformance/storage.ts";

storageConformance("memory", { open: () => Promise.resolve(memoryStore()), clean: () => Promise.resolve() });
