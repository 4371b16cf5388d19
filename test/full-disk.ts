import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A file system of this size at `path`, or the reason why there is none. */
export type SmallDisk = { readonly path: string; remove(): void } | { readonly reason: string };

/** Mounts a small file system in memory, which only root on Linux may. */
export function openSmallDisk(kilobytes: number): SmallDisk {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return { reason: "only root on Linux may mount a file system" };
  const folder = mkdtempSync(join(tmpdir(), "mailcordon-disk-"));
  const path = join(folder, "disk");
  mkdirSync(path);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", path], { encoding: "utf8" });
  if (mounted.status !== 0) {
    rmSync(folder, { recursive: true });
    return { reason: `no file system could be mounted: ${mounted.stderr}` };
  }
  return {
    path,
    remove() {
      spawnSync("umount", [path]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Changes the size of a small file system. */
export function resizeSmallDisk(path: string, kilobytes: number): void {
  spawnSync("mount", ["-o", `remount,size=${kilobytes}k`, path]);
}
