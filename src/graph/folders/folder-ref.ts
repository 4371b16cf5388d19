// src/graph/folders/: Resolves folder names and paths to ids, and lists folders.

/** A folder as a path names it: by its id, or by one of Graph's well-known names. */
export type FolderRef = { readonly id: string } | { readonly distinguished: string };
