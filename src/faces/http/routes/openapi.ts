import { Failure } from "../../../failure.ts";
import { openapi } from "../../openapi.ts";
import type { AppContext } from "../app-context.ts";
import { openDocumentCache } from "../document-cache.ts";
import { queryOf } from "../query.ts";
import { noOtherMethod } from "../respond.ts";

/** The description of this face, for programs that read one. */
export function openapiRoutes({ app, actions, settings, version }: AppContext): void {
  // Each document has about 200 kB and does not change.
  const documents = openDocumentCache();
  app.get("/openapi.json", (c) => {
    const wanted = queryOf(c, ["version"]).version ?? "3.1";
    if (wanted !== "3.1" && wanted !== "3.0") throw new Failure("invalid-input", "version: put 3.1 or 3.0.");
    const url = settings.publicUrl === "" ? undefined : settings.publicUrl;
    return documents(c, wanted, () => openapi([...actions.values()], { version, url }, wanted));
  });

  noOtherMethod(app, "/openapi.json", "GET");
}
