import { type At, fault } from "./fault.ts";
import { type Token, tokensOf } from "./tokens.ts";

/** A part of a template that is evaluated to text. */
export type Node =
  | { readonly kind: "text"; readonly text: string }
  /** Its value is printed, unless it sets variables. */
  | { readonly kind: "print"; readonly pipeline: Pipeline }
  | Branch
  /** Of the range around it. */
  | { readonly kind: "break" | "continue" }
  | (At & {
      readonly kind: "range";
      readonly pipeline: Pipeline;
      readonly body: readonly Node[];
      readonly other: readonly Node[];
    });

/** `with`: the dot is the value. */
export type Branch = {
  readonly kind: "if" | "with";
  readonly pipeline: Pipeline;
  readonly body: readonly Node[];
  readonly other: readonly Node[];
};

/** The value of each command is the last argument of the next one. */
export interface Pipeline extends At {
  /** Variables that it sets; of range, the last is the element and the one before it the key. */
  readonly sets: readonly string[];
  /** By `:=`, up to the end of the part that it is in; `=` sets those that there are. */
  readonly declares: boolean;
  readonly commands: readonly (readonly Operand[])[];
}

export type Operand = At & { readonly fields: readonly (At & { readonly name: string })[] } & (
    | { readonly kind: "literal"; readonly value: string | number | boolean | null }
    | { readonly kind: "dot" }
    | { readonly kind: "variable" | "function"; readonly name: string }
    | { readonly kind: "pipeline"; readonly pipeline: Pipeline }
  );

/** Throws Failure, with the position, for a template that is not valid. */
export function parse(template: string, functions: readonly string[]): Node[] {
  const parser = new Parser(template, tokensOf(template), functions);
  const { nodes, end } = parser.list();
  if (end) throw fault(template, end.at, `unexpected {{${end.text}}}`);
  return nodes;
}

const CONSTANTS: Readonly<Record<string, boolean | null>> = { true: true, false: false, nil: null };

class Parser {
  readonly #template: string;
  readonly #tokens: readonly Token[];
  readonly #functions: readonly string[];
  #at = 0;
  /** In how many ranges it is. */
  #ranges = 0;

  constructor(template: string, tokens: readonly Token[], functions: readonly string[]) {
    this.#template = template;
    this.#tokens = tokens;
    this.#functions = functions;
  }

  /** Up to `{{end}}` or `{{else}}`, whose opening and word are taken, or to the end of the template. */
  list(): { nodes: Node[]; end?: At & { readonly text: string } } {
    const nodes: Node[] = [];
    for (let token = this.#next(); token; token = this.#next()) {
      if (token.kind === "text") nodes.push({ kind: "text", text: token.text });
      else {
        const word = this.#peekWord();
        if (word?.text === "end" || word?.text === "else") {
          this.#at += 1;
          return { nodes, end: word };
        }
        nodes.push(this.#action(token));
      }
    }
    return { nodes };
  }

  #action(open: At): Node {
    const word = this.#peekWord()?.text;
    if (word === "if" || word === "with" || word === "range") {
      this.#at += 1;
      return this.#control(word, open);
    }
    if (word === "break" || word === "continue") return this.#leaving(word, open);
    const pipeline = this.#pipeline();
    this.#close();
    return { kind: "print", pipeline };
  }

  #leaving(kind: "break" | "continue", { at }: At): Node {
    if (this.#ranges === 0) throw fault(this.#template, at, `{{${kind}}} is not in a {{range}}`);
    this.#at += 1;
    this.#close();
    return { kind };
  }

  #control(kind: "if" | "with" | "range", { at }: At): Node {
    const pipeline = this.#pipeline();
    this.#close();
    this.#ranges += kind === "range" ? 1 : 0;
    const { nodes: body, end } = this.list();
    this.#ranges -= kind === "range" ? 1 : 0;
    if (!end) throw fault(this.#template, at, `{{${kind}}} has no {{end}}`);
    const other = this.#other(kind, end);
    return kind === "range" ? { kind, pipeline, body, other, at } : { kind, pipeline, body, other };
  }

  /** After `{{end` or `{{else`. */
  #other(kind: "if" | "with" | "range", end: At & { readonly text: string }): Node[] {
    if (end.text === "else") return this.#otherwise(kind, end);
    this.#close();
    return [];
  }

  /** After `{{else`: another condition, whose `{{end}}` is also this one's, or what holds in every other case. */
  #otherwise(kind: "if" | "with" | "range", { at }: At): Node[] {
    const word = this.#peekWord()?.text;
    if (kind !== "range" && word === kind) {
      this.#at += 1;
      return [this.#control(kind, { at })];
    }
    this.#close();
    const { nodes, end } = this.list();
    if (end?.text !== "end") throw fault(this.#template, at, "{{else}} has no {{end}}");
    this.#close();
    return nodes;
  }

  #pipeline(): Pipeline {
    const { at } = this.#current();
    const { sets, declares } = this.#sets();
    const commands = [this.#command()];
    while (this.#takeSign("|")) commands.push(this.#command());
    return { at, sets, declares, commands };
  }

  /** `$a :=` or `$a, $b :=`, and `=` for a variable that exists. */
  #sets(): Pick<Pipeline, "sets" | "declares"> {
    const start = this.#at;
    const sets: string[] = [];
    for (let token = this.#tokens[this.#at]; token?.kind === "variable"; token = this.#tokens[this.#at]) {
      sets.push(token.text);
      this.#at += 1;
      if (this.#takeSign(":=")) return { sets, declares: true };
      if (this.#takeSign("=")) return { sets, declares: false };
      if (!this.#takeSign(",")) break;
    }
    this.#at = start;
    return { sets: [], declares: false };
  }

  #command(): Operand[] {
    const operands: Operand[] = [];
    for (let operand = this.#operand(); operand; operand = this.#operand()) operands.push(operand);
    if (operands.length > 0) return operands;
    throw fault(this.#template, this.#current().at, "a value is missing");
  }

  #operand(): Operand | undefined {
    const token = this.#tokens[this.#at];
    const at = token?.at ?? 0;
    switch (token?.kind) {
      case "literal":
        this.#at += 1;
        return { kind: "literal", value: token.value, at, fields: [] };
      case "field":
        if (token.text === "") this.#at += 1;
        return { kind: "dot", at, fields: this.#fields(at) };
      case "variable":
        this.#at += 1;
        return { kind: "variable", name: token.text, at, fields: this.#fields(at + 1 + token.text.length) };
      case "word":
        this.#at += 1;
        return this.#named(token.text, at);
      case "sign":
        return token.text === "(" ? this.#parenthesized(at) : undefined;
      default:
        return undefined;
    }
  }

  /** Those that follow without a space. */
  #fields(start: number): { name: string; at: number }[] {
    const fields: { name: string; at: number }[] = [];
    let end = start;
    for (
      let token = this.#tokens[this.#at];
      token?.kind === "field" && token.at === end;
      token = this.#tokens[this.#at]
    ) {
      if (token.text === "") break;
      fields.push({ name: token.text, at: token.at });
      end = token.at + 1 + token.text.length;
      this.#at += 1;
    }
    return fields;
  }

  #named(name: string, at: number): Operand {
    const constant = CONSTANTS[name];
    if (constant !== undefined) return { kind: "literal", value: constant, at, fields: [] };
    if (this.#functions.includes(name)) return { kind: "function", name, at, fields: [] };
    throw fault(this.#template, at, `there is no function ${name}; there are ${this.#functions.join(", ")}`);
  }

  #parenthesized(at: number): Operand {
    this.#at += 1;
    const pipeline = this.#pipeline();
    const close = this.#current();
    if (!this.#takeSign(")")) throw fault(this.#template, at, "the parenthesis is not closed");
    return { kind: "pipeline", pipeline, at, fields: this.#fields(close.at + 1) };
  }

  #close(): void {
    const token = this.#next();
    if (token?.kind === "close") return;
    const what = token && "text" in token ? token.text : "value";
    throw fault(this.#template, token?.at ?? this.#template.length, `unexpected ${what}`);
  }

  #takeSign(text: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.kind !== "sign" || token.text !== text) return false;
    this.#at += 1;
    return true;
  }

  #peekWord(): (At & { readonly text: string }) | undefined {
    const token = this.#tokens[this.#at];
    return token?.kind === "word" ? token : undefined;
  }

  #next(): Token | undefined {
    this.#at += 1;
    return this.#tokens[this.#at - 1];
  }

  #current(): At {
    return this.#tokens[this.#at] ?? { at: this.#template.length };
  }
}
