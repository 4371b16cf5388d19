import { encodeBase64, encodedLength } from "../../wire/mime/base64.ts";
import { made } from "../session/expected-reply.ts";
import { type JsonObject, textIn } from "../session/read-json.ts";
import { RawBody, type Request, required } from "../session/request-description.ts";

/** A request may have 4 MB, and base64 turns three bytes into four. @see https://learn.microsoft.com/en-us/graph/outlook-send-mime-message */
export const maxMimeBytes = 3 * 1024 * 1024 - 1024;

/**
 * Creates a draft. Its id changes when the draft is moved or sent. Not repeated: each request creates another draft.
 * @see https://learn.microsoft.com/en-us/graph/api/user-post-messages
 */
export const postMessage: Request<JsonObject, string> = {
  name: "user-post-messages",
  safety: "never",
  reply: made("id"),
  write: (body) => ({ method: "POST", path: "/messages", ids: "rest", body }),
  read: (reply) => required(textIn(reply, "id"), "id"),
};

/** Creates a message from its RFC 5322 form, always as a draft: https://learn.microsoft.com/en-us/graph/outlook-send-mime-message */
export const postMimeMessage: Request<Uint8Array, string> = {
  name: "user-post-messages",
  safety: "never",
  reply: made("id"),
  write: (mime) => ({
    method: "POST",
    path: "/messages",
    ids: "rest",
    body: new RawBody("text/plain", { size: encodedLength(mime.length), open: () => encodeBase64(once(mime)) }),
  }),
  read: (reply) => required(textIn(reply, "id"), "id"),
};

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
