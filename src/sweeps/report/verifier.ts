/**
 * `verify.py` of each archive. It needs only Python 3.6, so a person can check the archive without mailcordon. It imports, runs and writes nothing from the
 * archive. The SHA-256 of the manifest, which the caller may pass, covers everything that it compares.
 */
export const verifier = String.raw`#!/usr/bin/env python3
"""Checks an evidence archive of mailcordon without mailcordon.

python3 verify.py [ARCHIVE] [SHA256]
ARCHIVE: the zip file, or the folder it was unpacked to (default: the folder of this file).
SHA256: the hash of the archive or of its manifest, as mailcordon printed it and wrote it into the audit log.
Exit code: 0 all is as it was written, 1 something is not, 2 there is no archive.
"""
import hashlib, json, os, re, sys, zipfile, zlib

top = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
noted = sys.argv[2].strip().lower() if len(sys.argv) > 2 else None
problems = []

def check(is_right, problem):
    if not is_right:
        problems.append(problem)
    return is_right

def digest(stream):
    total, size = hashlib.sha256(), 0
    for piece in iter(lambda: stream.read(1 << 20), b""):
        total.update(piece)
        size += len(piece)
    return total.hexdigest(), size

def canonical(value):
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return re.sub("[\ud800-\udfff]", lambda half: "\\u%04x" % ord(half.group()), text).encode()

try:
    if os.path.isdir(top):
        names = [os.path.relpath(os.path.join(folder, name), top).replace(os.sep, "/") for folder, _, files in os.walk(top) for name in files]
        read, whole = (lambda name: open(os.path.join(top, *name.split("/")), "rb")), None
    else:
        archive = zipfile.ZipFile(top)
        names, read = archive.namelist(), archive.open
        with open(top, "rb") as stream:
            whole = digest(stream)[0]
    with read("manifest.json") as stream:
        raw = stream.read()
    manifest = json.loads(raw.decode())
except (OSError, KeyError, ValueError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
    print("There is no readable archive at %s: %s" % (top, error))
    sys.exit(2)

def check_all():
    own = hashlib.sha256(raw).hexdigest()
    with read("manifest.sha256") as stream:
        check(stream.read().decode("ascii", "replace").split()[:1] == [own], "manifest.json is not what manifest.sha256 says")
    if noted is not None:
        check(noted in (own, whole), "the archive is not the one whose hash you gave: manifest %s, archive %s" % (own, whole))
    listed = {entry["name"]: entry for entry in manifest["files"]}
    check(len(names) == len(set(names)), "a name is in the archive twice")
    check(len(listed) == len(manifest["files"]), "the manifest lists a name twice")
    for name in sorted(set(names) - set(listed) - {"manifest.json", "manifest.sha256"}):
        problems.append("%r is not in the manifest" % name)
    for name, entry in listed.items():
        if check(re.match(r"[a-z0-9][a-z0-9/.-]*\Z", name) and ".." not in name, "%r is no name of an archive" % name) and check(name in names, name + " is missing"):
            try:
                with read(name) as stream:
                    check(digest(stream) == (entry["sha256"], entry["size"]), name + " is not what was written")
            except (OSError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
                problems.append("%s cannot be read: %s" % (name, error))
    if problems:
        return
    sweep = manifest["sweep"]
    with read("plan.json") as stream:
        plan = json.loads(stream.read().decode())
    check(hashlib.sha256(canonical(plan)).hexdigest() == sweep["plan_hash"], "the plan does not have the hash that was approved")
    counts, at, late = {}, 0, 0
    evidence = {entry["sha256"]: entry for entry in manifest["evidence"]}
    check(len(evidence) == len(manifest["evidence"]), "evidence is listed twice")
    with read("targets.jsonl") as stream:
        for line in stream:
            target = json.loads(line.decode())
            if "arrived_at" in target:
                late += "residue" not in target
            elif check(at < len(plan["targets"]) and not late, "there are more messages than in the plan"):
                at += 1
                check(all(target.get(name) == value for name, value in plan["targets"][at - 1].items()), "message %d is not the one of the plan" % at)
            counts[target["state"]] = counts.get(target["state"], 0) + 1
            outcome = target.get("outcome", {})
            for kept in [outcome.get("evidence")] + [one.get("evidence") for one in outcome.get("attachments", [])]:
                check(kept is None or kept["sha256"] in evidence, "the evidence of message %d is not listed" % at)
    check(at == len(plan["targets"]), "there are %d messages, and %d in the plan" % (at, len(plan["targets"])))
    check(late <= plan.get("later", {}).get("limit", 0), "more messages arrived later than the plan allows")
    for count, state in (("waiting", "planned"), ("unknown", "acting"), ("done",) * 2, ("failed",) * 2, ("changed",) * 2, ("gone",) * 2):
        check(sweep["counts"][count] == counts.get(state, 0), "the count of %s is wrong" % count)
    for sha256, entry in evidence.items():
        check("missing" in entry or listed.get(entry["file"], {}).get("sha256") == sha256, "the evidence %s has other bytes" % sha256)
    links, before = manifest["audit"]["entries"], {"entry": 0, "sha256": None}
    with read("audit.jsonl") as stream:
        lines = stream.read().split(b"\n")[:-1]
    check(len(lines) == len(links), "there are %d audit entries, and the manifest has %d" % (len(lines), len(links)))
    for line, link in zip(lines, links):
        where = "audit entry %d" % link["entry"]
        check(hashlib.sha256(line).hexdigest() == link["sha256"], where + " was changed, or is not in its place")
        entry = json.loads(line.decode())
        check(entry["previous"] == link["previous"] and entry["sweep"] == sweep["sweep"], where + " is not of this sweep's chain")
        check(link["entry"] > before["entry"], where + " is not in its order")
        check(link["entry"] > before["entry"] + 1 or before["sha256"] in (None, link["previous"]), where + " does not follow the entry before it")
        check(all(one.get("plan_hash", sweep["plan_hash"]) == sweep["plan_hash"] for one in entry.get("targets", [])), where + " names another plan")
        before = link
    missing = sum("missing" in entry for entry in evidence.values())
    print("Sweep %s, plan %s" % (sweep["sweep"], sweep["plan_hash"]))
    print("%d messages of the plan, %d that arrived later: %s" % (at, late, ", ".join("%s %d" % (state, counts[state]) for state in sorted(counts))))
    print("%d pieces of evidence, and %d that the manifest says are not in the archive; %d audit entries" % (len(evidence) - missing, missing, len(links)))
    for text in manifest["not_known"]:
        print("Not known: " + re.sub(r"[^\x20-\x7e]", "?", text))
    print("SHA-256 of the manifest: %s%s" % (own, "" if whole is None else "\nSHA-256 of the archive: " + whole))
    if noted is None:
        print("Whoever rewrites everything, hashes and this program included, is not detected: compare one of these hashes with the one in the audit log.")

try:
    check_all()
except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
    problems.append("the archive is not as mailcordon writes it: %s: %s" % (type(error).__name__, error))
for problem in problems:
    print("WRONG: " + re.sub(r"[^\x20-\x7e]", "?", problem))
print("The archive is not as it was written." if problems else "The archive is as it was written.")
sys.exit(1 if problems else 0)
`;
