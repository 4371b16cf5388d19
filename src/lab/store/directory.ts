import { addressKey } from "./address.ts";
import type { MailStore } from "./mail-store.ts";
import type { Group, User } from "./organisation.ts";

/** Returns the addresses in a group, with nested groups expanded, each once, in order. */
export function expandGroup(store: MailStore, group: Group): string[] {
  const found = new Map<string, string>();
  const opened = new Set<Group>();
  const open = (one: Group): void => {
    if (opened.has(one)) return;
    opened.add(one);
    for (const member of one.members) {
      const inner = store.group(member);
      if (inner) open(inner);
      else found.set(addressKey(member), member);
    }
  };
  open(group);
  return [...found.values()];
}

/** Ambiguous name resolution, as in Exchange's directory: the beginning of an address, of the name, or of a word of the name. */
export function resolveName(store: MailStore, text: string): (User | Group)[] {
  const wanted = addressKey(text.replace(/^smtp:/i, ""));
  if (wanted === "") return [];
  const exact = store.mailbox(wanted)?.user ?? store.group(wanted);
  if (exact) return [exact];
  return [...store.organisation.users, ...store.organisation.groups].filter((one) =>
    [one.address, ...one.aliases, one.displayName, ...one.displayName.split(/\s+/)].some((name) => addressKey(name).startsWith(wanted)),
  );
}
