import fc from "fast-check";
import { expect, test } from "vitest";
import { tokenFacts } from "../../../src/wire/sign-in/token-claims.ts";

const tokenWith = (claims: unknown) =>
  `${Buffer.from("{}").toString("base64url")}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.c2ln`;

test("the claims of an application's token are read", () => {
  const facts = tokenFacts(
    tokenWith({ aud: "https://outlook.office365.com", iss: "i", tid: "t", appid: "a", roles: ["full_access_as_app"], exp: 1_800_000_000 }),
  );
  expect(facts).toEqual({
    audience: "https://outlook.office365.com",
    issuer: "i",
    tenant: "t",
    appId: "a",
    roles: ["full_access_as_app"],
    scopes: [],
    user: undefined,
    expiresAt: new Date(1_800_000_000_000),
    appOnly: true,
  });
});

test("the claims of a user's token are read", () => {
  expect(tokenFacts(tokenWith({ scp: "EWS.AccessAsUser.All Mail.Read", upn: "soc@example.com", azp: "a" }))).toMatchObject({
    scopes: ["EWS.AccessAsUser.All", "Mail.Read"],
    user: "soc@example.com",
    appId: "a",
    appOnly: false,
  });
});

test.each([["opaque"], ["a.b"], ["a.b.c"], [`x.${Buffer.from("[]").toString("base64url")}.y`], [""]])(
  "%j is a token that says nothing",
  (token) => {
    expect(tokenFacts(token)).toBeUndefined();
  },
);

test("claims of the wrong kind are left out and never thrown over", () => {
  const claim = fc.jsonValue();
  const claims = fc.record({
    aud: claim,
    iss: claim,
    tid: claim,
    appid: claim,
    roles: claim,
    scp: claim,
    exp: claim,
    upn: claim,
    idtyp: claim,
  });
  fc.assert(
    fc.property(claims, (all) => {
      const facts = tokenFacts(tokenWith(all));
      expect(facts?.roles.every((role) => typeof role === "string")).toBe(true);
      expect(Number.isNaN(facts?.expiresAt?.getTime())).toBe(false);
    }),
  );
});
