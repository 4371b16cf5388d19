import { Failure } from "../../failure.ts";
import { Base64Decoder } from "../mime/base64.ts";
import { type Branch, type Child, type Leaf, type Leaves, type NameValue, nothing, type Reader } from "./element-readers.ts";
import type { AttributeList } from "./xml-attributes.ts";
import { malformed, type Replacements } from "./xml-characters.ts";
import { type Name, type QName, register } from "./xml-name.ts";
import type { TokenHandler } from "./xml-tokenizer.ts";

/** An open element whose slots are being filled. */
interface Frame {
  branch: Branch<unknown>;
  readonly slots: unknown[];
  element: string;
  /** The position of its value in the frame below. */
  target: Child;
  replacedBefore: number;
}

/** The target of a leaf's text. */
interface LeafTarget extends Child {
  readonly reader: Leaf<unknown>;
}

/** Builds a value from tokens as the readers define, and decodes the content on the way. */
export class Builder<T> implements TokenHandler<LeafTarget> {
  wantsText = false;
  binary = false;
  /** Whether the content has begun. */
  contentBegan = false;
  readonly #counter: Replacements;
  readonly #maxTextBytes: number;
  readonly #contentIds: ReadonlySet<number>;
  readonly #root: Frame;
  readonly #rootName: QName;
  /** Frames are reused, one per depth. */
  readonly #frames: Frame[] = [];
  #depth = 0;
  #top: Frame;
  /** Number of open elements that no reader wants. */
  #skipping = 0;

  #leaf: Leaf<unknown> | undefined;
  #leafElement = "";
  #target: Child;
  #text = "";

  #leaves: Leaves<unknown> | undefined;
  #leavesDepth = 0;
  #leavesFound: NameValue[] = [];
  #lowest: { readonly element: string; readonly name: string | undefined } | undefined;

  #decoder = new Base64Decoder();
  #decoded: Buffer[] = [];

  constructor(root: QName, reader: Reader<T>, counter: Replacements, maxTextBytes: number, content: readonly QName[]) {
    this.#counter = counter;
    this.#maxTextBytes = maxTextBytes;
    this.#contentIds = new Set(content.map(register));
    this.#rootName = root;
    const target: Child = { reader, slot: 0, many: false };
    const children: Child[] = [];
    children[register(root)] = target;
    const branch: Branch<unknown> = {
      kind: "branch",
      children,
      attributes: [],
      nameSlot: -1,
      replacedSlot: -1,
      textSlot: -1,
      slots: 1,
      build: () => undefined,
    };
    this.#target = target;
    this.#root = { branch, slots: [undefined], element: "", target, replacedBefore: 0 };
    this.#top = this.#root;
    this.#frames.push(this.#root);
  }

  /** Returns the value at the end of the document. */
  value(): T {
    const value = this.#root.slots[0];
    // Only the reader of T fills this slot.
    return (value === nothing ? undefined : value) as T;
  }

  /** Returns the content decoded since the last call. */
  decoded(): readonly Buffer[] {
    if (this.#decoded.length === 0) return this.#decoded;
    const all = this.#decoded;
    this.#decoded = [];
    return all;
  }

  open(name: Name, attributes: AttributeList): void {
    if (this.binary) throw malformed("has an element inside a Base64 content");
    if (name.id !== 0 && this.#contentIds.has(name.id)) this.#openContent();
    else if (this.#skipping > 0) this.#skipping++;
    else if (this.#leaves !== undefined) this.#openLowest(name, attributes);
    else {
      // An element where only text should be is skipped as well: its own text does not belong to the leaf.
      const child = this.#leaf === undefined ? this.#top.branch.children[name.id] : undefined;
      if (child !== undefined) this.#openChild(child, name, attributes);
      else if (this.#depth === 0 && this.#leaf === undefined)
        throw new Failure("broken-reply", `The root element of the reply is not ${this.#rootName.local}.`);
      else {
        this.#skipping = 1;
        this.wantsText = false;
      }
    }
  }

  leaf(name: Name): LeafTarget | "skip" | "open" {
    const { id } = name;
    if (id !== 0 && this.#contentIds.has(id)) return "open";
    if (this.#skipping > 0) return "skip";
    if (this.#leaves !== undefined || this.#leaf !== undefined) return "open";
    const child = this.#top.branch.children[id];
    if (child === undefined) return "skip";
    return isLeaf(child) ? child : "open";
  }

  fill(target: LeafTarget, name: Name, text: string): void {
    if (text.length > this.#maxTextBytes) throw malformed("has a text that is too long");
    fillSlot(this.#top, target, target.reader.parse(text, name.local));
  }

  #openChild(child: Child, name: Name, attributes: AttributeList): void {
    let reader = child.reader;
    while (reader.kind === "deferred") reader = reader.resolve();
    if (reader.kind === "branch") {
      this.#openBranch(reader, child, name, attributes);
      return;
    }
    this.#target = child;
    if (reader.kind === "leaf") {
      this.#leaf = reader;
      this.#leafElement = name.local;
      this.wantsText = true;
    } else {
      this.#leaves = reader;
      this.#leavesDepth = 0;
      this.#leavesFound = [];
      this.#lowest = undefined;
      this.wantsText = false;
    }
  }

  text(piece: string): void {
    if (this.binary) {
      // As UTF-8, so no other character can pass for one of the alphabet.
      this.#decode(this.#decoder.write(Buffer.from(piece)));
      return;
    }
    let whole: string;
    if (this.#leaf === undefined && this.#leaves === undefined) {
      const { slots, branch } = this.#top;
      whole = `${slots[branch.textSlot] ?? ""}${piece}`;
      slots[branch.textSlot] = whole;
    } else {
      whole = this.#text === "" ? piece : this.#text + piece;
      this.#text = whole;
    }
    if (whole.length > this.#maxTextBytes) throw malformed("has a text that is too long");
  }

  bytes(piece: Buffer): void {
    this.#decode(this.#decoder.write(piece));
  }

  close(): void {
    if (this.binary) {
      this.#decoder.end();
      this.binary = false;
      this.wantsText = this.#skipping === 0 && this.#wants();
    } else if (this.#skipping > 0) {
      this.#skipping--;
      if (this.#skipping === 0) this.wantsText = this.#wants();
    } else if (this.#leaves !== undefined) this.#closeLowest(this.#leaves);
    else if (this.#leaf !== undefined) {
      const value = this.#leaf.parse(this.#text, this.#leafElement);
      this.#leaf = undefined;
      this.#text = "";
      this.wantsText = this.#top.branch.textSlot >= 0;
      fillSlot(this.#top, this.#target, value);
    } else this.#closeBranch();
  }

  #openBranch(branch: Branch<unknown>, target: Child, name: Name, attributes: AttributeList): void {
    this.#depth++;
    let frame = this.#frames[this.#depth];
    if (frame === undefined) {
      frame = { branch, slots: [], element: name.local, target, replacedBefore: 0 };
      this.#frames.push(frame);
    }
    frame.branch = branch;
    frame.element = name.local;
    frame.target = target;
    frame.replacedBefore = this.#counter.beforeTag;
    const slots = frame.slots;
    for (let slot = 0; slot < branch.slots; slot++) slots[slot] = undefined;
    if (attributes.count > 0) for (const wanted of branch.attributes) slots[wanted.slot] = attributes.get(wanted.name);
    if (branch.nameSlot >= 0) slots[branch.nameSlot] = name.local;
    if (branch.textSlot >= 0) slots[branch.textSlot] = "";
    this.#top = frame;
    this.wantsText = branch.textSlot >= 0;
  }

  #closeBranch(): void {
    const { branch, slots, element, target, replacedBefore } = this.#top;
    if (branch.replacedSlot >= 0) slots[branch.replacedSlot] = this.#counter.replaced - replacedBefore;
    const value = branch.build(slots, element);
    this.#depth--;
    this.#top = this.#frames[this.#depth] ?? this.#root;
    this.wantsText = this.#top.branch.textSlot >= 0;
    fillSlot(this.#top, target, value);
  }

  #openLowest(name: Name, attributes: AttributeList): void {
    this.#leavesDepth++;
    this.#lowest = { element: name.local, name: attributes.get("Name") };
    this.#text = "";
    this.wantsText = true;
  }

  #closeLowest(leaves: Leaves<unknown>): void {
    if (this.#lowest !== undefined) this.#leavesFound.push({ ...this.#lowest, text: this.#text });
    this.#lowest = undefined;
    this.#text = "";
    this.wantsText = false;
    if (this.#leavesDepth-- > 0) return;
    this.#leaves = undefined;
    this.wantsText = this.#top.branch.textSlot >= 0;
    fillSlot(this.#top, this.#target, leaves.finish(this.#leavesFound));
  }

  #openContent(): void {
    if (this.contentBegan) throw malformed("has more than one content");
    this.contentBegan = true;
    this.binary = true;
    this.wantsText = true;
  }

  #wants(): boolean {
    if (this.#leaves !== undefined) return this.#lowest !== undefined;
    return this.#leaf !== undefined || this.#top.branch.textSlot >= 0;
  }

  #decode(bytes: Buffer): void {
    if (bytes.length > 0) this.#decoded.push(bytes);
  }
}

function isLeaf(child: Child): child is LeafTarget {
  return child.reader.kind === "leaf";
}

/** Fills a slot; of several values for one slot the first stays. */
function fillSlot(frame: Frame, target: Child, value: unknown): void {
  const { slots } = frame;
  const present = slots[target.slot];
  if (!target.many) {
    if (present === undefined) slots[target.slot] = value === undefined ? nothing : value;
  } else if (Array.isArray(present)) present.push(value);
  else slots[target.slot] = [value];
}
