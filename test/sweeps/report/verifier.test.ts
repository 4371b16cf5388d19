import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { backends } from "../../actions/lab-host.ts";
import type { Printed, SweepFixture } from "../sweep-fixture.ts";
import { type ArchiveCase, type Change, noPython, openArchiveCase, sha256, zipOf } from "./evidence-archive-case.ts";

describe.skipIf(noPython !== undefined).each(backends)("verify.py of an evidence archive over %s", (backend) => {
  let fixture: SweepFixture;
  let made: Printed;
  let sweep = "";
  let file = "";
  let files: ArchiveCase["files"];
  let json: ArchiveCase["json"];
  let bytesOf: ArchiveCase["bytesOf"];
  let verify: ArchiveCase["verify"];
  let tampered: ArchiveCase["tampered"];
  beforeAll(async () => {
    ({ fixture, made, sweep, file, files, json, bytesOf, verify, tampered } = await openArchiveCase(backend));
  });
  afterAll(() => fixture.close());

  /** As somebody does it who knows that the manifest has hashes. */
  const withHashes = (changed: Map<string, Buffer>, edit: (manifest: ReturnType<typeof json>) => void = () => undefined) => {
    const manifest = json("manifest.json");
    for (const one of manifest.files) {
      const bytes = changed.get(one.name);
      if (bytes !== undefined) Object.assign(one, { size: bytes.length, sha256: sha256(bytes) });
    }
    edit(manifest);
    const text = JSON.stringify(manifest);
    changed.set("manifest.json", Buffer.from(text));
    changed.set("manifest.sha256", Buffer.from(`${sha256(text)}  manifest.json\n`));
    return changed;
  };

  test("accepts an unchanged archive as a zip, as a folder, and by each hash", async () => {
    const { sha256: whole, manifest_sha256: ofManifest } = made.archive;
    for (const noted of [[], [whole], [ofManifest]]) {
      const { status, told } = verify(file, ...noted);
      expect(told).toContain("The archive is as it was written.");
      expect(told).toContain(`Sweep ${sweep}, plan ${made.plan_hash}`);
      expect(told.includes("is not detected")).toBe(noted.length === 0);
      expect(status).toBe(0);
    }
    const { asFolder } = await tampered((same) => same, ofManifest);
    expect(asFolder).toMatchObject({ status: 0, told: expect.stringContaining("as it was written") });
    // From within the folder, as its readme says.
    const own = spawnSync("python3", ["verify.py"], { cwd: join(fixture.folder, "tampered"), encoding: "utf8" });
    expect([own.status, own.stderr]).toEqual([0, ""]);
  });

  test("shows a flipped bit in each file", async () => {
    for (const name of files.keys()) {
      const { asZip, asFolder } = await tampered((changed) => {
        const bytes = Buffer.from(changed.get(name) ?? "");
        const at = Math.floor(bytes.length / 2);
        bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
        return changed.set(name, bytes);
      });
      expect([name, asZip.status === 0, asFolder.status === 0]).toEqual([name, false, false]);
    }
  });

  test("shows a flipped bit anywhere in the zip file", () => {
    const bytes = readFileSync(file);
    const zip = join(fixture.folder, "flipped.zip");
    const end = bytes.lastIndexOf(Buffer.from("PK\u0005\u0006", "latin1"));
    const unseen: number[] = [];
    for (let at = 40; at < end; at += Math.ceil(end / 10)) {
      const flipped = Buffer.from(bytes);
      flipped.writeUInt8(flipped.readUInt8(at) ^ 0x10, at);
      writeFileSync(zip, flipped);
      if (verify(zip, made.archive.sha256).status === 0) unseen.push(at);
    }
    expect(unseen).toEqual([]);
  });

  const wrong = async (change: Change, said: string, ...noted: readonly string[]) => {
    const { asZip, asFolder } = await tampered(change, ...noted);
    for (const { status, told } of [asZip, asFolder]) {
      expect(told).toContain(said);
      expect(told).not.toContain("Traceback");
      expect(status).toBe(1);
    }
  };
  const without = (changed: Map<string, Buffer>, name: string) => {
    changed.delete(name);
    return changed;
  };
  const lines = (name: string) => String(bytesOf(name)).trimEnd().split("\n");
  const rejoined = (texts: readonly string[]) => Buffer.from(`${texts.join("\n")}\n`);
  const evidenceFile = () => [...files.keys()].find((name) => name.startsWith("evidence/")) ?? "";

  test("shows a dropped message, a dropped file and a file that was put in", async () => {
    await wrong((changed) => without(changed, evidenceFile()), `${evidenceFile()} is missing`);
    await wrong((changed) => without(changed, "report.csv"), "report.csv is missing");
    await wrong((changed) => changed.set("evidence/extra.eml", Buffer.from("x")), "'evidence/extra.eml' is not in the manifest");
  });

  test("shows a name that is there twice", async () => {
    const zip = join(fixture.folder, "twice.zip");
    await zipOf([...files, ["report.csv", Buffer.from("other")]], zip);
    expect(verify(zip)).toMatchObject({ status: 1, told: expect.stringContaining("a name is in the archive twice") });
  });

  test("shows an edited manifest, even if its own hash was rewritten", async () => {
    const edited = () => Buffer.from(String(bytesOf("manifest.json")).replace('"done": 6', '"done": 5'));
    await wrong((changed) => changed.set("manifest.json", edited()), "manifest.json is not what manifest.sha256 says");
    await wrong(
      (changed) => withHashes(changed, (manifest) => Object.assign(manifest.sweep.counts, { done: 5, failed: 1 })),
      "the count of done is wrong",
    );
    await wrong(
      (changed) => withHashes(changed, (manifest) => Object.assign(manifest.sweep, { plan_hash: "0".repeat(64) })),
      "the plan does not have the hash that was approved",
    );
  });

  test("shows a dropped, a reordered and a changed audit entry, even if the hash of the file was rewritten", async () => {
    const entries = lines("audit.jsonl");
    await wrong((changed) => changed.set("audit.jsonl", rejoined(entries.slice(1))), "audit.jsonl is not what was written");
    await wrong(
      (changed) => withHashes(changed.set("audit.jsonl", rejoined(entries.slice(1)))),
      `there are ${entries.length - 1} audit entries, and the manifest has ${entries.length}`,
    );
    const [first = "", second = "", ...rest] = entries;
    await wrong(
      (changed) => withHashes(changed.set("audit.jsonl", rejoined([second, first, ...rest]))),
      "was changed, or is not in its place",
    );
    await wrong(
      (changed) => withHashes(changed.set("audit.jsonl", rejoined([first.replace("sweep", "Sweep"), second, ...rest]))),
      "was changed, or is not in its place",
    );
    // The links are rewritten as well, but an entry names the one before it.
    await wrong(
      (changed) =>
        withHashes(changed.set("audit.jsonl", rejoined([first, ...rest])), (manifest) => {
          const [, { entry }] = manifest.audit.entries.splice(1, 1).concat(manifest.audit.entries[0]);
          expect(entry).toBeGreaterThan(0);
          for (const [at, link] of manifest.audit.entries.entries()) link.entry = manifest.audit.entries[0].entry + at;
        }),
      "does not follow the entry before it",
    );
  });

  test("shows a dropped, a reordered and a changed message of the plan, even if the hash of the file was rewritten", async () => {
    const targets = lines("targets.jsonl");
    const [first = "", second = "", ...rest] = targets;
    await wrong(
      (changed) => withHashes(changed.set("targets.jsonl", rejoined(targets.slice(0, -1)))),
      "there are 5 messages, and 6 in the plan",
    );
    await wrong(
      (changed) => withHashes(changed.set("targets.jsonl", rejoined([second, first, ...rest]))),
      "message 1 is not the one of the plan",
    );
    await wrong(
      (changed) => withHashes(changed.set("targets.jsonl", rejoined([first.replace("user01", "user09"), second, ...rest]))),
      "message 1 is not the one of the plan",
    );
    const plan = String(bytesOf("plan.json")).replace("user01@", "user09@");
    await wrong((changed) => withHashes(changed.set("plan.json", Buffer.from(plan))), "the plan does not have the hash that was approved");
  });

  test("shows other bytes under the hash of a message, even if the hashes of the manifest were rewritten", async () => {
    await wrong((changed) => withHashes(changed.set(evidenceFile(), Buffer.from("harmless"))), "has other bytes");
  });

  test("does not open a name that leads out of the folder", async () => {
    await wrong(
      (changed) => withHashes(changed, (manifest) => manifest.files.push({ name: "../trusted.py", size: 1, sha256: "0" })),
      "'../trusted.py' is no name of an archive",
    );
  });

  test("shows that everything was rewritten consistently only to a person who noted a hash", async () => {
    // The messages of one mailbox vanish everywhere. Nobody can see that in the archive itself.
    const rewritten = (changed: Map<string, Buffer>) =>
      withHashes(changed, (manifest) => Object.assign(manifest.sweep, { approved_by: "somebody else" }));
    const { asZip, asFolder } = await tampered(rewritten);
    expect([asZip.status, asFolder.status]).toEqual([0, 0]);
    expect(asZip.told).toContain("Whoever rewrites everything, hashes and this program included, is not detected");
    await wrong(rewritten, "the archive is not the one whose hash you gave", made.archive.manifest_sha256);
  });

  test("says so where there is no archive, or its end is cut off", () => {
    const cut = join(fixture.folder, "cut.zip");
    writeFileSync(cut, readFileSync(file).subarray(0, -100));
    for (const path of [join(fixture.folder, "nothing.zip"), cut])
      expect(verify(path)).toMatchObject({ status: 2, told: expect.stringContaining("no readable archive") });
  });
});
