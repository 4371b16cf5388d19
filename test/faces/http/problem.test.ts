import { expect, test } from "vitest";
import { errorNoun } from "../../../src/catalogue/answer-envelope.ts";
import { problem } from "../../../src/faces/http/problem.ts";
import { Failure, failures } from "../../../src/failure.ts";

const requestId = "abc";

test("a request without an API key gets 401 with the way to send one", () => {
  const { status, headers } = problem(new Failure("unauthenticated", "There is no key."), { requestId });
  expect([status, headers["www-authenticate"]]).toEqual([401, "Bearer"]);
});

test("an account that Exchange refuses gives 502 without a challenge for the caller's API key", () => {
  const { status, headers, body } = problem(errorNoun(new Failure("unauthenticated", "Sign-in refused.")), { requestId });
  expect([status, headers["www-authenticate"]]).toEqual([502, undefined]);
  expect(JSON.parse(body)).toMatchObject({ status: 502, code: "unauthenticated", type: "urn:mailcordon:failure:unauthenticated" });
});

test("every other failure gives the status of its code", () => {
  for (const [code, { status }] of Object.entries(failures)) {
    if (code === "unauthenticated") continue;
    const failure = new Failure(code as keyof typeof failures, "It failed.");
    expect([code, problem(errorNoun(failure), { requestId }).status]).toEqual([code, status]);
  }
});
