// src/graph/folders/: Resolves folder names and paths to ids, and lists folders.

/** What names a folder in a path: its id, or one of the well-known names that Graph has. */
export type FolderRef = { readonly id: string } | { readonly distinguished: string };
