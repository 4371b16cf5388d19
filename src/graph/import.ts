import { asFailure, Failure } from "../failure.ts";
import type { Outcome } from "../outcome.ts";
import { discarded } from "./discard.ts";
import { oneByOne } from "./one-by-one.ts";
import { moveMessage, type Relocated } from "./requests/message-move.ts";
import { getMimeMessage } from "./requests/outlook-get-mime-message.ts";
import { maxMimeBytes, postMimeMessage } from "./requests/user-post-messages.ts";
import type { GraphMailbox } from "./session.ts";

/**
 * Copies messages into another mailbox, one by one: Graph takes the RFC 5322 form, of at most 3 MB, and makes a draft of it. Content and headers
 * are those of the message; that it was received is lost, and so it is said.
 * @see https://learn.microsoft.com/en-us/graph/outlook-send-mime-message
 */
export function importEach(
  from: GraphMailbox,
  itemIds: readonly string[],
  to: GraphMailbox,
  destinationId: string,
): AsyncIterable<Outcome<Relocated>> {
  from.call.progress?.(
    `Microsoft Graph copies to another mailbox only as drafts: the content is the same, but in ${to.address} it counts as unsent.`,
  );
  return oneByOne(itemIds, async (id) => {
    const draft = await to.ask(postMimeMessage, await whole(from, id));
    if (destinationId.toLowerCase() === "drafts") return { newItemId: draft };
    try {
      return await to.ask(moveMessage, { id: draft, destinationId });
    } catch (thrown) {
      throw await discarded(to.during({ ...to.call, signal: undefined }), draft, asFailure(thrown));
    }
  });
}

/** Held whole, since its size must be known before it is sent; what would be too large for the request is not read to its end. */
async function whole(mailbox: GraphMailbox, id: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const bytes of await mailbox.stream(getMimeMessage, id)) {
    size += bytes.length;
    if (size > maxMimeBytes) {
      throw new Failure("too-large", "Microsoft Graph takes messages of at most 3 MB into another mailbox. Nothing was copied.", {
        hint: "Download it as EML and keep that, or copy it over Exchange Web Services.",
      });
    }
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}
