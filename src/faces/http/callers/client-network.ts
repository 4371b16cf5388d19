import { isIPv4, isIPv6 } from "node:net";

/**
 * Returns the network that one attacker controls at no cost: an IPv4 address, or a whole /64, the minimum for every IPv6 line
 * (https://www.rfc-editor.org/rfc/rfc4291#section-2.5.4, https://www.rfc-editor.org/rfc/rfc6177). An IPv4 address in IPv6 notation is treated as the
 * IPv4 address. The same network always gives the same text; text that is not an address is returned unchanged.
 */
export function networkOf(address: string): string {
  // Proxies also write `192.0.2.1:4711` and `[2001:db8::1]:4711`; the text after % names an interface of this machine.
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(address)?.[1] ?? /^([\d.]+):\d+$/.exec(address)?.[1] ?? address;
  const [host = ""] = bare.split("%");
  if (isIPv4(host)) return host;
  if (!isIPv6(host)) return address;
  const groups = groupsOf(host);
  const [high = 0, low = 0] = groups.slice(6);
  if (holdsIPv4.has(groups.slice(0, 6).join(":"))) return [high >> 8, high & 255, low >> 8, low & 255].join(".");
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(":")}::/64`;
}

/**
 * Prefixes of an embedded IPv4 address: ::ffff:0:0/96, from a dual-stack socket, and 64:ff9b::/96, from a translator in front of a network without
 * IPv4, where the whole IPv4 Internet is in one /64. https://www.rfc-editor.org/rfc/rfc4291#section-2.5.5.2,
 * https://www.rfc-editor.org/rfc/rfc6052#section-2.1
 */
const holdsIPv4: ReadonlySet<string> = new Set([[0, 0, 0, 0, 0, 0xffff].join(":"), [0x64, 0xff9b, 0, 0, 0, 0].join(":")]);

/** Its eight numbers. A URL has an address in its one form: https://url.spec.whatwg.org/#concept-ipv6-serializer */
function groupsOf(address: string): readonly number[] {
  const [before = "", after] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const numbers = (text: string) => (text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16)));
  const [head, tail] = [numbers(before), numbers(after ?? "")];
  return after === undefined ? head : [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

/**
 * Whether the name of a host, as a URL has it, is one of this machine for everybody: no name server can lead it elsewhere, or have led it here.
 * https://www.rfc-editor.org/rfc/rfc6761#section-6.3
 */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || (isIPv4(hostname) && hostname.startsWith("127."));
}
