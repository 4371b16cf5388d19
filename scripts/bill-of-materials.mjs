// The bill of materials of the package (CycloneDX 1.5), from the lock file: every package that an installation brings or that the build put into a file.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** Returns the bill as JSON. Throws if a dependency is missing from it. */
export function billOfMaterials() {
  // Not `--omit dev`: npm 11 then leaves out packages that a development dependency needs as well, such as zod.
  const words = ["sbom", "--package-lock-only", "--sbom-format", "cyclonedx"];
  const bill = JSON.parse(
    execFileSync("npm", words, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], shell: process.platform === "win32" }),
  );
  const { name, dependencies } = JSON.parse(readFileSync("package.json", "utf8"));
  const isInstalled = ({ properties = [] }) =>
    !properties.some((one) => one.name === "cdx:npm:package:development" && one.value === "true");
  bill.components = bill.components.filter(isInstalled);
  const refs = new Set([bill.metadata.component["bom-ref"], ...bill.components.map((one) => one["bom-ref"])]);
  bill.dependencies = bill.dependencies
    .filter(({ ref }) => refs.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((each) => refs.has(each)) }));
  // npm names the folder.
  bill.metadata.component.name = name;
  const listed = new Set(bill.components.map((one) => (one.group === undefined ? one.name : `${one.group}/${one.name}`)));
  const missing = Object.keys(dependencies).filter((each) => !listed.has(each));
  if (missing.length > 0) throw new Error(`The bill of materials lacks ${missing.join(", ")}: is package-lock.json up to date?`);
  return `${JSON.stringify(bill, null, 1)}\n`;
}
