import { isDeepStrictEqual } from "node:util";
import {
  applyEdits,
  findNodeAtLocation,
  modify,
  type Node,
  type ParseError,
  type ParseErrorCode,
  parse,
  parseTree,
  printParseErrorCode,
  stripComments,
} from "jsonc-parser";
import { withoutMark } from "../process/byte-order-mark.ts";
import { type EditorFile, invalid, type Merged } from "./merge.ts";

/** Items of a list in a JSON file, each told from others by one of its keys. */
export interface Items {
  /** Where the list is; the empty path is the whole file. */
  readonly at: readonly string[];
  readonly key: string;
  readonly items: readonly Readonly<Record<string, unknown>>[];
}

/** A JSON file with comments, as editors read it, that others write to as well. `empty` is one without any items. */
export function jsonFile(path: string, empty: unknown, items: Items): EditorFile {
  return {
    path,
    merge: (text = "", replaces) => {
      const before = withoutMark(text);
      const isNew = stripComments(before).trim() === "";
      const comments = before.trim() === "" ? "" : `${before.trimEnd()}\n`;
      const start = isNew ? `${comments}${JSON.stringify(empty, null, 2)}\n` : before;
      const merged = mergeItems(path, start, items, replaces, isNew);
      return { ...merged, text: merged.text && text.slice(0, text.length - before.length) + merged.text };
    },
  };
}

function mergeItems(
  path: string,
  before: string,
  { at, key, items }: Items,
  replaces: boolean,
  isNew: boolean,
): Merged {
  const present = listOf(path, before, at);
  const kept: string[] = [];
  let text = before;
  for (const item of items) {
    const index = present.findIndex((one) => isRecord(one) && one[key] === item[key]);
    if (index < 0) text = withAdded(text, at, item);
    else if (isDeepStrictEqual(present[index], item)) continue;
    else if (replaces) text = withReplaced(text, [...at, index], item);
    else kept.push(String(item[key]));
  }
  return { text: text === before && !isNew ? undefined : text, kept };
}

function withReplaced(text: string, path: readonly (string | number)[], item: unknown): string {
  const node = nodeAt(text, path);
  return node ? spliced(text, node.offset, node.length, written(text, item, path.length)) : text;
}

/** Behind the last one, and what its line says of it. */
function withAdded(text: string, at: readonly string[], item: unknown): string {
  const list = nodeAt(text, at);
  if (list?.type !== "array") return withAdded(withEmptyList(text, at), at, item);
  const last = list.children?.at(-1);
  const close = list.offset + list.length - 1;
  const from = last ? last.offset + last.length : list.offset + 1;
  const rest = text.slice(from, close);
  const needsComma = last !== undefined && !stripComments(rest).includes(",");
  const line = rest.lastIndexOf("\n");
  const [behind, indent] = [rest.slice(0, line < 0 ? undefined : line).trimEnd(), indentOf(text, at.length)];
  const inner = `${needsComma ? "," : ""}${behind}${eolOf(text)}${indentOf(text, at.length + 1)}`;
  return spliced(text, from, close - from, `${inner}${written(text, item, at.length + 1)}${eolOf(text)}${indent}`);
}

function withEmptyList(text: string, at: readonly string[]): string {
  const formattingOptions = { insertSpaces: !isTabbed(text), tabSize: unitOf(text).length, eol: eolOf(text) };
  return applyEdits(text, modify(text, [...at], [], { formattingOptions }));
}

function nodeAt(text: string, path: readonly (string | number)[]) {
  const tree = parseTree(text, [], { allowTrailingComma: true });
  return tree && findNodeAtLocation(tree, [...path]);
}

function spliced(text: string, at: number, length: number, content: string): string {
  return text.slice(0, at) + content + text.slice(at + length);
}

/** As the file is indented. */
function written(text: string, item: unknown, depth: number): string {
  return JSON.stringify(item, null, unitOf(text)).replaceAll("\n", `${eolOf(text)}${indentOf(text, depth)}`);
}

function indentOf(text: string, depth: number): string {
  return unitOf(text).repeat(depth);
}

function unitOf(text: string): string {
  return isTabbed(text) ? "\t" : " ".repeat(/^( +)\S/m.exec(text)?.[1]?.length ?? 2);
}

function isTabbed(text: string): boolean {
  return /^\t/m.test(text);
}

function eolOf(text: string): string {
  return text.includes("\r\n") ? "\r\n" : "\n";
}

/** @throws Failure, exit code 2 */
function listOf(path: string, text: string, at: readonly string[]): readonly unknown[] {
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error) throw invalid(path, `${lineOf(text, error.offset)}: ${inWords(error.error)}`);
  let list = value;
  for (const [depth, key] of at.entries()) {
    if (isTwice(nodeAt(text, at.slice(0, depth)), key)) throw invalid(path, `it has "${key}" twice`);
    if (!isRecord(list)) throw invalid(path, "it is not an object");
    list = list[key] ?? [];
  }
  if (!Array.isArray(list)) throw invalid(path, `${at.join(".") || "it"} is not an array`);
  return list;
}

/** Editors read the last one of a key, and the first one is found here. */
function isTwice(object: Node | undefined, key: string): boolean {
  return (object?.children ?? []).filter(({ children }) => children?.[0]?.value === key).length > 1;
}

/** CommaExpected: comma expected. */
function inWords(error: ParseErrorCode): string {
  return printParseErrorCode(error)
    .replaceAll(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter}`)
    .toLowerCase();
}

function lineOf(text: string, offset: number): string {
  return `line ${text.slice(0, offset).split("\n").length}`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
