import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { importFolder } from "../../../../src/lab/seed/import-folder.ts";
import { getItem, idAlone, items, mailboxOf, shape } from "../item-calls.ts";
import { call, expectValidReplies, outcomes, startSmallLab } from "../soap-client.ts";

// Real phishing mail, which lies beside the repository and is no part of it.
const corpus = fileURLToPath(new URL("../../../../../shared/corpus/phishing", import.meta.url));
const isThere = existsSync(corpus);

test.skipIf(!isThere)(
  `every message of the corpus is returned with all properties and its exact bytes${isThere ? "" : " (skipped: there is no ../shared/corpus)"}`,
  async () => {
    const lab = await startSmallLab();
    try {
      importFolder(lab.store, corpus);
      for (const address of lab.store.organisation.users.map((user) => user.address)) {
        const all = [...mailboxOf(lab, address).items()];
        if (all.length === 0) continue;
        const ids = all.map(({ id }) => idAlone(id)).join("");
        const whole = await call(lab, getItem(ids, shape("AllProperties")), { user: address });
        expect(outcomes(whole).filter((outcome) => outcome !== "Success NoError")).toEqual([]);
        const mime = await call(lab, getItem(ids, shape("IdOnly", "<t:IncludeMimeContent>true</t:IncludeMimeContent>")), { user: address });
        const bytes = mime
          .xml()
          .child("ResponseMessages")
          ?.children.map((message) => Buffer.from(message.at("Items")?.children[0]?.textAt("MimeContent") ?? "", "base64"));
        expect(bytes?.map((one, at) => one.equals(Buffer.from(all[at]?.mime ?? "")))).toEqual(all.map(() => true));
        expect(items(whole)).toHaveLength(1);
      }
      await expectValidReplies(lab);
    } finally {
      await lab.close();
    }
  },
);
