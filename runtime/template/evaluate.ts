import { didYouMean } from "../spec/nearest.ts";
import { fault } from "./fault.ts";
import { FUNCTIONS } from "./functions.ts";
import type { Node, Operand, Pipeline } from "./parse.ts";
import { isList, isMap, isStruct, isTrue, kindOf, sorted, textOf, type Value } from "./value.ts";

/** What a part of a template sees. */
interface Scope {
  readonly template: string;
  readonly dot: Value;
  /** The one without a name is what the template was given. */
  readonly variables: Map<string, Variable>;
  /** Of the range around it: what is left of its body, or of all, is left out. */
  readonly loop: { left?: "break" | "continue" | undefined };
}

/** The same one in all parts that see it. */
interface Variable {
  value: Value;
}

/** Throws Failure, with the position, where the template does not fit the value. */
export function evaluate(template: string, nodes: readonly Node[], value: Value): string {
  return textOfAll(nodes, { template, dot: value, variables: new Map([["", { value }]]), loop: {} });
}

function textOfAll(nodes: readonly Node[], scope: Scope): string {
  return nodes.map((node) => (scope.loop.left ? "" : textOfNode(node, scope))).join("");
}

function textOfNode(node: Node, scope: Scope): string {
  switch (node.kind) {
    case "text":
      return node.text;
    case "print": {
      const value = pipelineValue(node.pipeline, scope);
      return node.pipeline.sets.length > 0 ? "" : textOf(value);
    }
    case "break":
    case "continue":
      scope.loop.left = node.kind;
      return "";
    case "if":
    case "with":
      return textOfBranch(node, scope);
    case "range":
      return textOfRange(node, scope);
  }
}

function textOfBranch({ kind, pipeline, body, other }: Node & { kind: "if" | "with" }, outer: Scope): string {
  const scope = inner(outer, outer.dot);
  const value = pipelineValue(pipeline, scope);
  if (!isTrue(value)) return textOfAll(other, scope);
  return textOfAll(body, kind === "with" ? inner(scope, value) : scope);
}

function textOfRange({ pipeline, body, other, at }: Node & { kind: "range" }, outer: Scope): string {
  const value = pipelineValue({ ...pipeline, sets: [] }, outer);
  const entries = entriesOf(value);
  if (!entries) throw fault(outer.template, at, `range takes a list or a map, not ${kindOf(value)}`);
  if (entries.length === 0) return textOfAll(other, inner(outer, outer.dot));
  const loop: Scope["loop"] = {};
  const texts = entries.map(([key, element]) => {
    if (loop.left === "break") return "";
    loop.left = undefined;
    const scope = { ...inner(outer, element), loop };
    const values = pipeline.sets.length > 1 ? [key, element] : [element];
    for (const [i, name] of pipeline.sets.entries()) setVariable(name, values[i], pipeline, scope);
    return textOfAll(body, scope);
  });
  return texts.join("");
}

function entriesOf(value: Value): readonly (readonly [key: Value, element: Value])[] | undefined {
  if (value === null || value === undefined) return [];
  if (isMap(value)) return sorted(value);
  return isList(value) ? value.map((element, at) => [at, element] as const) : undefined;
}

/** A variable that is declared inside is not seen outside. */
function inner({ variables, ...outer }: Scope, dot: Value): Scope {
  return { ...outer, dot, variables: new Map(variables) };
}

function pipelineValue(pipeline: Pipeline, scope: Scope): Value {
  let value: Value;
  for (const [i, command] of pipeline.commands.entries()) value = valueOfCommand(command, i > 0 ? [value] : [], scope);
  for (const name of pipeline.sets) setVariable(name, value, pipeline, scope);
  return value;
}

function setVariable(name: string, value: Value, { declares, at }: Pipeline, scope: Scope): void {
  if (declares) scope.variables.set(name, { value });
  else variableOf(name, at, scope).value = value;
}

function variableOf(name: string, at: number, { variables, template }: Scope): Variable {
  const variable = variables.get(name);
  if (variable) return variable;
  throw fault(template, at, `there is no variable $${name}`);
}

/** `piped`: the value of the command before it. */
function valueOfCommand([first, ...rest]: readonly Operand[], piped: readonly Value[], scope: Scope): Value {
  if (!first) return undefined;
  const args = () => [...rest.map((operand) => valueOfOperand(operand, [], scope)), ...piped];
  if (first.kind === "function" && isDeciding(first.name)) return decided(first.name, rest, piped, scope);
  if (first.kind === "function") return called(first.name, args(), first.at, scope);
  const hasArguments = rest.length + piped.length > 0;
  return valueOfOperand(first, hasArguments ? args() : [], scope);
}

/** Functions that look at no more values than they need. */
export const DECIDING = ["and", "or"] as const;
type Deciding = (typeof DECIDING)[number];

function isDeciding(name: string): name is Deciding {
  return DECIDING.some((one) => one === name);
}

/** The first value that decides it, or else the last. */
function decided(name: Deciding, operands: readonly Operand[], piped: readonly Value[], scope: Scope): Value {
  let value: Value;
  for (const operand of operands) {
    value = valueOfOperand(operand, [], scope);
    if (isTrue(value) === (name === "or")) return value;
  }
  return piped.length > 0 ? piped[0] : value;
}

function called(name: string, args: readonly Value[], at: number, { template }: Scope): Value {
  try {
    return FUNCTIONS[name]?.(...args);
  } catch (error) {
    throw fault(template, at, error instanceof Error ? error.message : String(error));
  }
}

/** `args`: for the method that is its last field. */
function valueOfOperand(operand: Operand, args: readonly Value[], scope: Scope): Value {
  let value = startOf(operand, scope);
  for (const [i, field] of operand.fields.entries()) {
    value = fieldOf(value, field, scope);
    if (typeof value === "function") value = value(...(i === operand.fields.length - 1 ? args : []));
    else if (args.length > 0 && i === operand.fields.length - 1)
      throw fault(scope.template, field.at, `${field.name} takes no arguments`);
  }
  if (args.length > 0 && operand.fields.length === 0) throw fault(scope.template, operand.at, "it takes no arguments");
  return value;
}

function startOf(operand: Operand, scope: Scope): Value {
  switch (operand.kind) {
    case "literal":
      return operand.value;
    case "dot":
      return scope.dot;
    case "function":
      return called(operand.name, [], operand.at, scope);
    case "pipeline":
      return pipelineValue(operand.pipeline, scope);
    case "variable":
      return variableOf(operand.name, operand.at, scope).value;
  }
}

function fieldOf(
  value: Value,
  { name, at }: { readonly name: string; readonly at: number },
  { template }: Scope,
): Value {
  if (isMap(value)) return value.get(name);
  if (value === null || value === undefined) throw fault(template, at, `there is no ${name} in nothing`);
  if (!isStruct(value)) throw fault(template, at, `there is no ${name} in ${kindOf(value)}`);
  if (Object.hasOwn(value, name)) return value[name];
  const known = Object.keys(value);
  const meant = didYouMean(name, known) ?? `there are ${known.join(", ")}`;
  throw fault(template, at, `there is no ${name} here; ${meant}`);
}
