import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isLoopbackHost, networkOf } from "../../../../src/faces/http/callers/client-network.ts";

const groups = (count: number) => fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: count, maxLength: count });
const octets = fc.array(fc.integer({ min: 0, max: 255 }), { minLength: 4, maxLength: 4 });
/** With every zero that it may have. */
const long = (address: readonly number[]) => address.map((group) => group.toString(16).padStart(4, "0")).join(":");
const plain = (address: readonly number[]) => address.map((group) => group.toString(16)).join(":");
const isOfIPv4 = ([a, b, c, d, e, f]: readonly number[]) => [a, b, c, d, e, f].join() === "0,0,0,0,0,65535" || (a === 0x64 && b === 0xff9b);

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::FFFF:c000:0201", "192.0.2.1"],
  ["64:ff9b::192.0.2.1", "192.0.2.1"],
  ["192.0.2.1:4711", "192.0.2.1"],
  ["[::ffff:192.0.2.1]:4711", "192.0.2.1"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["2001:DB8:0:0:ffff::", "2001:db8:0:0::/64"],
  ["[2001:db8::1]:4711", "2001:db8:0:0::/64"],
  ["[2001:db8::1]", "2001:db8:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["unknown", "unknown"],
  ["", ""],
  ["2001:db8::1::2", "2001:db8::1::2"],
  ["[evil]", "[evil]"],
])("the address %j is counted as %j", (address, network) => {
  expect(networkOf(address)).toBe(network);
});

describe("an IPv6 address", () => {
  test("is counted with its /64 and no other, in every notation", () => {
    fc.assert(
      fc.property(groups(4), groups(4), groups(4), groups(4), (net, one, two, other) => {
        fc.pre(!isOfIPv4([...net, ...one]) && !isOfIPv4([...net, ...two]) && !isOfIPv4([...other, ...one]));
        const first = networkOf(plain([...net, ...one]));
        expect(networkOf(long([...net, ...one]).toUpperCase())).toBe(first);
        expect(networkOf(new URL(`http://[${long([...net, ...one])}]`).hostname)).toBe(first);
        expect(networkOf(`[${plain([...net, ...one])}]:443`)).toBe(first);
        expect(networkOf(long([...net, ...two]))).toBe(first);
        expect(networkOf(long([...other, ...one])) === first).toBe(net.join() === other.join());
      }),
    );
  });

  test("that contains an IPv4 address is counted as that address, in every notation", () => {
    fc.assert(
      fc.property(octets, ([a = 0, b = 0, c = 0, d = 0]) => {
        const address = [a, b, c, d].join(".");
        const mapped = [0, 0, 0, 0, 0, 0xffff, a * 256 + b, c * 256 + d];
        for (const text of [address, `::ffff:${address}`, `0:0:0:0:0:FFFF:${address}`, plain(mapped), long(mapped)])
          expect(networkOf(text)).toBe(address);
      }),
    );
  });
});

test("a network is counted as itself, and no text makes the function throw", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6()), (text) => {
      expect(networkOf(networkOf(text))).toBe(networkOf(text));
    }),
  );
});

test.each([
  ["localhost", true],
  ["127.0.0.1", true],
  ["127.9.8.7", true],
  ["[::1]", true],
  ["LOCALHOST", false],
  ["::1", false],
  ["localhost.", false],
  ["localhost.evil.example", false],
  ["127.evil.example", false],
  ["127.0.0.1.evil.example", false],
  ["0.0.0.0", false],
  ["", false],
])("the host %j always means this machine: %s", (host, isOurs) => {
  expect(isLoopbackHost(host)).toBe(isOurs);
});
