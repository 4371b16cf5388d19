import type { Finding } from "../doctor/checkup.ts";
import { asFailure } from "../failure.ts";
import { readWrittenSettings, type SettingsPlace } from "../settings/load-settings.ts";
import { readServe } from "../settings/serve-settings.ts";
import { folderOf, packageFor } from "../state/postgres-binaries.ts";

/** Finds the database that keeps sweeps: a server of the settings, which is not contacted, or the PostgreSQL that mailcordon brings. */
export async function findDatabase(place: SettingsPlace): Promise<Finding> {
  const tried = "looked for the database that keeps sweeps and the state of serve";
  const { databaseUrl } = readServe(await readWrittenSettings(place));
  if (databaseUrl !== undefined)
    return { status: "ok", tried, found: "DATABASE_URL or serve.database_url names a server, which was not contacted" };
  try {
    const name = packageFor(process.platform, process.arch);
    if (name === undefined) {
      const found = `mailcordon has no PostgreSQL for ${process.platform} on ${process.arch}, so sweeps and serve do not work; the other commands do`;
      return { status: "warning", tried, found, next: ["Set DATABASE_URL to your own PostgreSQL."] };
    }
    folderOf(name);
    return { status: "ok", tried, found: "the PostgreSQL that is part of mailcordon is installed" };
  } catch (thrown) {
    const { message, hint } = asFailure(thrown);
    return { status: "warning", tried, found: `${message} Sweeps and serve do not work; the other commands do`, next: [hint] };
  }
}
