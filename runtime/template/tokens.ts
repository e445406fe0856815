import { type At, fault } from "./fault.ts";

/** A piece of a template: text as it is, or one of the parts of what is in braces. */
export type Token = At &
  (
    | { readonly kind: "text"; readonly text: string }
    | { readonly kind: "open" | "close" }
    /** `|`, `(`, `)`, `,`, `:=`, `=` */
    | { readonly kind: "sign"; readonly text: string }
    /** Such as `if` or `json`. */
    | { readonly kind: "word"; readonly text: string }
    /** Without the dot; empty: the dot itself. */
    | { readonly kind: "field"; readonly text: string }
    /** Without the dollar; empty: what the template was given. */
    | { readonly kind: "variable"; readonly text: string }
    | { readonly kind: "literal"; readonly value: string | number }
  );

/** What can follow within braces; the first that matches counts. */
const PARTS = [
  { kind: "space", pattern: /\s+/y },
  { kind: "number", pattern: /[+-]?\d+(?:\.\d+)?/y },
  { kind: "field", pattern: /\.([\p{L}_][\p{L}\p{N}_]*)?/uy },
  { kind: "variable", pattern: /\$([\p{L}_][\p{L}\p{N}_]*)?/uy },
  { kind: "word", pattern: /[\p{L}_][\p{L}\p{N}_]*/uy },
  { kind: "string", pattern: /"(?:[^"\\\n]|\\.)*"/y },
  { kind: "raw", pattern: /`([^`]*)`/y },
  { kind: "sign", pattern: /:=|[|(),=]/y },
] as const;

/** Splits a template. Throws Failure, with the position, for what can't be part of one. */
export function tokensOf(template: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < template.length) {
    const open = template.indexOf("{{", at);
    const text = template.slice(at, open < 0 ? undefined : open);
    const trimsBefore = open >= 0 && /^\{\{-\s/.test(template.slice(open, open + 4));
    if (text !== "") tokens.push({ kind: "text", text: trimsBefore ? text.trimEnd() : text, at });
    if (open < 0) break;
    at = action(template, open, open + (trimsBefore ? 3 : 2), tokens);
  }
  return tokens;
}

/** Adds the parts of one action, and returns where it ends. */
function action(template: string, open: number, start: number, tokens: Token[]): number {
  const comment = /\s*\/\*[\s\S]*?\*\/(?=\s+-\}\}|\}\})/y;
  comment.lastIndex = start;
  if (comment.test(template)) return ending(template, comment.lastIndex) ?? unclosed(template, open);
  tokens.push({ kind: "open", at: open });
  for (let at = start; at < template.length; ) {
    const end = ending(template, at);
    if (end !== undefined) {
      tokens.push({ kind: "close", at });
      return end;
    }
    at = part(template, at, tokens);
  }
  return unclosed(template, open);
}

/** Where what follows the closing braces begins, if they are here. */
function ending(template: string, at: number): number | undefined {
  const close = /(?:\s+-\}\}\s*|\}\})/y;
  close.lastIndex = at;
  return close.test(template) ? close.lastIndex : undefined;
}

function unclosed(template: string, open: number): never {
  throw fault(template, open, "the action has no closing }}");
}

function part(template: string, at: number, tokens: Token[]): number {
  for (const { kind, pattern } of PARTS) {
    pattern.lastIndex = at;
    const found = pattern.exec(template);
    if (!found) continue;
    const [whole, inner = ""] = found;
    if (kind === "number") tokens.push({ kind: "literal", value: Number(whole), at });
    else if (kind === "string") tokens.push({ kind: "literal", value: unquoted(template, at, whole), at });
    else if (kind === "raw") tokens.push({ kind: "literal", value: inner, at });
    else if (kind === "field" || kind === "variable") tokens.push({ kind, text: inner, at });
    else if (kind !== "space") tokens.push({ kind, text: whole, at });
    return at + whole.length;
  }
  throw fault(template, at, `unexpected ${JSON.stringify(template.charAt(at))}`);
}

/** Go's escapes that JSON has too. */
function unquoted(template: string, at: number, quoted: string): string {
  try {
    return JSON.parse(quoted.replaceAll("\t", "\\t"));
  } catch {
    throw fault(template, at, `${quoted} is not a string`);
  }
}
