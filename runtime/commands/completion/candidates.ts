import { RESTART_POLICIES } from "../../spec/life.ts";
import { HOST_IMAGE, PULL_POLICIES } from "../run/run-arguments.ts";
import type { CommandNode, KnownOption } from "./tree.ts";

export interface Candidate {
  readonly text: string;
  readonly about: string;
}

export const SHELLS = ["bash", "zsh", "fish"] as const;

const ALL_KINDS = ["container", "image", "volume", "network"] as const;

export type Kind = (typeof ALL_KINDS)[number];

/** What there is on this machine. */
export type Names = (kind: Kind) => readonly string[];

/** A command line up to the word that is being written. */
interface Line {
  readonly commands: readonly CommandNode[];
  /** Its names, such as `image`, `rm`. */
  readonly path: readonly string[];
  readonly node: CommandNode | undefined;
  readonly operands: readonly string[];
  /** The option whose value is being written. */
  readonly option: KnownOption | undefined;
  /** After `--`, or where the command of a container begins. */
  readonly isOver: boolean;
}

/** What `current` may become after the words before it, tinydocker's name not among them. None where that may be a file, or anything. */
export function candidatesFor(
  commands: readonly CommandNode[],
  before: readonly string[],
  current: string,
  names: Names,
): Candidate[] {
  const start: Line = { commands, path: [], node: undefined, operands: [], option: undefined, isOver: false };
  const line = before.reduce(after, start);
  const [, written, value] = /^--([^=]+)=(.*)$/s.exec(current) ?? [];
  const option = line.option ?? (line.isOver ? undefined : optionsOf(line).find(({ name }) => name === written));
  if (option !== undefined) {
    const prefix = line.option ? "" : `--${written}=`;
    const found = valuesOf(option.name, names).map((text) => ({ text: prefix + text, about: "" }));
    return found.filter(({ text }) => text.startsWith(prefix + (line.option ? current : (value ?? ""))));
  }
  const all = current.startsWith("-") && !line.isOver ? optionsOf(line).map(optionCandidate) : wordsOf(line, names);
  return all.filter(({ text }) => text.startsWith(current));
}

function after(line: Line, word: string): Line {
  if (line.option !== undefined) return { ...line, option: undefined };
  if (word === "--") return { ...line, isOver: true };
  if (!line.isOver && /^-./.test(word)) return { ...line, option: awaiting(line, word) };
  const node = line.commands.find(({ names }) => names.includes(word));
  if (node && line.operands.length === 0) {
    return { ...line, commands: node.commands, path: [...line.path, node.names[0] ?? ""], node };
  }
  const isOver = line.isOver || runsProgram(line.node);
  return { ...line, commands: [], operands: [...line.operands, word], isOver };
}

/** Whether options after its first operand are another program's. */
function runsProgram(node: CommandNode | undefined): boolean {
  return /ARG…|PS-OPTION/.test(node?.operands ?? "");
}

/** The option of this word whose value is the next one. */
function awaiting(line: Line, word: string): KnownOption | undefined {
  const options = optionsOf(line).filter(({ takesValue }) => takesValue);
  if (word.startsWith("--")) return options.find(({ name }) => `--${name}` === word);
  const last = word.at(-1);
  return options.find(({ short }) => short !== undefined && short === last);
}

const HELP: KnownOption = { name: "help", short: undefined, takesValue: false, describe: "Show help" };

function optionsOf({ node }: Line): KnownOption[] {
  return [...(node?.options ?? []), HELP];
}

function optionCandidate({ name, describe }: KnownOption): Candidate {
  return { text: `--${name}`, about: describe };
}

function wordsOf({ commands, path, node, operands, isOver }: Line, names: Names): Candidate[] {
  if (commands.length > 0) return commands.map(({ names: [text = ""], describe }) => ({ text, about: describe }));
  if (node === undefined || (isOver && operands.length > 0)) return [];
  const [command = ""] = path;
  const inOrder = KINDS_IN_ORDER[path.join(" ")];
  if (inOrder) return candidatesOf(inOrder.slice(operands.length, operands.length + 1), operands, names);
  if (command === "completion" && operands.length === 0) return SHELLS.map((text) => ({ text, about: "" }));
  if (command === "cp") return names("container").map((name) => ({ text: `${name}:`, about: "container" }));
  const kind = KINDS[path.join(" ")] ?? (isOfContainers(node) ? "container" : undefined);
  const kinds = command === "inspect" ? ALL_KINDS : kind === undefined ? [] : [kind];
  const isRepeated = /\.\.|…/.test(node.operands);
  if (operands.length > 0 && !isRepeated) return [];
  return candidatesOf(kinds, operands, names);
}

function candidatesOf(kinds: readonly Kind[], operands: readonly string[], names: Names): Candidate[] {
  return kinds.flatMap((about) =>
    names(about)
      .filter((name) => !operands.includes(name))
      .map((text) => ({ text, about })),
  );
}

/** The commands of which each operand is of another kind. */
const KINDS_IN_ORDER: Readonly<Record<string, readonly Kind[] | undefined>> = {
  "network connect": ["network", "container"],
  "network disconnect": ["network", "container"],
};

/** The commands of which the operands are not containers. */
const KINDS: Readonly<Record<string, Kind | undefined>> = {
  rmi: "image",
  pull: "image",
  "image pull": "image",
  tag: "image",
  history: "image",
  push: "image",
  save: "image",
  "image push": "image",
  "image save": "image",
  "image rm": "image",
  "image inspect": "image",
  "image history": "image",
  "image tag": "image",
  "network inspect": "network",
  "network rm": "network",
  "volume inspect": "volume",
  "volume rm": "volume",
};

/** By how the help of commands about containers is written; run and create make one of another name. */
function isOfContainers({ names, operands }: CommandNode): boolean {
  return /^[<[]NAME/.test(operands) && !names.includes("run") && !names.includes("create");
}

function valuesOf(option: string, names: Names): readonly string[] {
  switch (option) {
    case "network":
      return [...names("network"), "host", "none"];
    case "volumes-from":
      return names("container");
    case "image":
      return [HOST_IMAGE, ...names("image")];
    case "volume":
      return names("volume").map((name) => `${name}:`);
    case "type":
      return ALL_KINDS;
    case "pull":
      return PULL_POLICIES;
    case "restart":
      return RESTART_POLICIES;
    default:
      return [];
  }
}
