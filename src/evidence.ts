import type { EvidenceStore } from "./action.ts";

/** Keeps bytes in a folder under readable names, with an `index.jsonl` of names, hashes, sizes and sources. The folder is made when first needed. */
export declare function openEvidence(directory: string): EvidenceStore;
