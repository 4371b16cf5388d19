import { joinPath, sameName, wellKnownName } from "./folder-names.ts";

/** A folder as one reply describes it, without its path. */
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

/** Returns a folder of which the server reports only the id. It is searched, although its name is not known. */
export function unnamedFolder({ folderId, parentFolderId, isSearchFolder }: FoundFolder): FoundFolder {
  return { folderId, parentFolderId, isSearchFolder, displayName: leftOut };
}

/** A folder of the tree. Parents precede children. */
export interface FolderNode extends FoundFolder {
  readonly displayName: string;
  readonly path: string;
  /** 0 for the folders directly below the root. */
  readonly depth: number;
}

// Exchange allows no folder deeper than 300 levels (FolderHierarchyDepthReceiveQuota). The paths of a deeper tree would fill the memory, so the paths
// of deeper folders leave out the names in between: https://learn.microsoft.com/en-us/powershell/module/exchangepowershell/set-mailbox
const maxDepth = 300;
const leftOut = "…";

/**
 * Returns every folder of one listing, in the order of the tree: a folder that was left out would not be searched. A folder whose parent was not
 * listed, or that is its own ancestor, is placed directly below the root.
 */
export function treeOf(found: readonly FoundFolder[], above: readonly string[] = []): readonly FolderNode[] {
  // Pages may overlap when folders are created during the listing.
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
    // A list instead of recursion, because the server determines the depth.
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

/** Returns the folders below `top`, at any depth. `top` itself need not be in the tree. Parents must precede their children. */
export function descendants(tree: readonly FolderNode[], top: string): FolderNode[] {
  const inside = new Set([top]);
  return tree.filter(({ folderId, parentFolderId }) => {
    if (parentFolderId === undefined || !inside.has(parentFolderId)) return false;
    inside.add(folderId);
    return true;
  });
}

/**
 * Follows a path as far as it exists. Returns the last folder and the names that are missing below it. A well-known folder also matches its English
 * name, whatever the mailbox calls it.
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
    // Folders of an archive have no well-known names, only display names.
    (known === undefined ? undefined : siblings.find(({ displayName }) => wellKnownName(displayName) === known))
  );
}
