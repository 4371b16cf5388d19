import { joinPath, sameName, wellKnownName } from "./folder-names.ts";

/** A folder as one reply says it, without its path. */
export interface FoundFolder {
  readonly folderId: string;
  readonly parentFolderId?: string | undefined;
  readonly displayName?: string | undefined;
  readonly folderClass?: string | undefined;
  readonly totalCount?: number | undefined;
  /** Its well-known name. */
  readonly distinguished?: string | undefined;
  readonly isSearchFolder: boolean;
}

/** A folder of which the server gives the id and no more: it is searched, and its name is not known. */
export function unnamedFolder({ folderId, parentFolderId, isSearchFolder }: FoundFolder): FoundFolder {
  return { folderId, parentFolderId, isSearchFolder, displayName: leftOut };
}

/** A folder of the tree, parents before children. */
export interface FolderNode extends FoundFolder {
  readonly displayName: string;
  readonly path: string;
  /** 0 for the folders directly below the root. */
  readonly depth: number;
}

// Exchange keeps no folder deeper than 300 (FolderHierarchyDepthReceiveQuota). A server that says so would fill our memory with paths, so those of
// folders further down leave the names in between out: https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-mailbox
const maxDepth = 300;
const leftOut = "…";

/**
 * Every folder that one listing found, in the order of the tree: one that was left out would not be searched. A folder whose parent was not listed,
 * or that is its own ancestor, is directly below the root.
 */
export function treeOf(found: readonly FoundFolder[], above: readonly string[] = []): readonly FolderNode[] {
  // Pages may overlap when folders are made while they are read.
  const byId = new Map(found.map((folder) => [folder.folderId, folder]));
  const children = new Map<string, FoundFolder[]>();
  for (const folder of byId.values()) {
    const parent = byId.has(folder.parentFolderId ?? "") ? (folder.parentFolderId ?? "") : "";
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [folder]);
    else siblings.push(folder);
  }
  const nodes: FolderNode[] = [];
  const met = new Set<string>();
  const take = (top: readonly FoundFolder[] = []): void => {
    // A list instead of recursion: the depth is the server's to choose.
    const open = below(top, above, 0);
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { folder, parents, depth } = next;
      if (met.has(folder.folderId)) continue;
      met.add(folder.folderId);
      const names = [...parents, folder.displayName ?? ""];
      nodes.push({ ...folder, displayName: folder.displayName ?? "", path: joinPath(names), depth });
      const upTo = depth + 1 < maxDepth ? names : [...names.slice(0, maxDepth), leftOut];
      for (const one of below(children.get(folder.folderId), upTo, depth + 1)) open.push(one);
    }
  };
  take(children.get(""));
  for (const folder of byId.values()) if (!met.has(folder.folderId)) take([folder]);
  return nodes;
}

interface OpenFolder {
  readonly folder: FoundFolder;
  readonly parents: readonly string[];
  readonly depth: number;
}

function below(folders: readonly FoundFolder[] = [], parents: readonly string[], depth: number): OpenFolder[] {
  return folders.map((folder) => ({ folder, parents, depth })).reverse();
}

/** The folders below one, at any depth; it need not be among them. In the tree, parents stand before their children. */
export function descendants(tree: readonly FolderNode[], top: string): FolderNode[] {
  const inside = new Set([top]);
  return tree.filter(({ folderId, parentFolderId }) => {
    if (parentFolderId === undefined || !inside.has(parentFolderId)) return false;
    inside.add(folderId);
    return true;
  });
}

/**
 * The folder at the end of the longest beginning of a path that exists, and the names that are missing below it. A well-known folder is
 * also met by its English name, whatever the mailbox calls it.
 */
export function walk(
  tree: readonly FolderNode[],
  parts: readonly string[],
): { readonly node: FolderNode | undefined; readonly missing: readonly string[] } {
  let node: FolderNode | undefined;
  for (const [at, part] of parts.entries()) {
    const next = child(tree, node, part);
    if (next === undefined) return { node, missing: parts.slice(at) };
    node = next;
  }
  return { node, missing: [] };
}

function child(tree: readonly FolderNode[], parent: FolderNode | undefined, name: string): FolderNode | undefined {
  const siblings = tree.filter((node) => (parent === undefined ? node.depth === 0 : node.parentFolderId === parent.folderId));
  const known = parent === undefined ? wellKnownName(name) : undefined;
  return (
    siblings.find(({ displayName }) => displayName === name) ??
    siblings.find(({ displayName }) => sameName(displayName, name)) ??
    (known === undefined ? undefined : tree.find(({ distinguished }) => distinguished === known)) ??
    // The folders of an archive have no well-known names, only what they are called.
    (known === undefined ? undefined : siblings.find(({ displayName }) => wellKnownName(displayName) === known))
  );
}
