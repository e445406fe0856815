import type { Argv, CommandModule, Options } from "yargs";

/** A command as its help has it. */
export interface CommandNode {
  /** With the older ones. */
  readonly names: readonly string[];
  readonly describe: string;
  /** Such as `<NAME> [PORT]`. */
  readonly operands: string;
  readonly options: readonly KnownOption[];
  readonly commands: readonly CommandNode[];
}

export interface KnownOption {
  readonly name: string;
  /** One letter. */
  readonly short: string | undefined;
  readonly takesValue: boolean;
  readonly describe: string;
}

/** Reads the commands as yargs does: what builds it says what they take. */
export function nodesOf(build: (argv: Argv) => unknown): readonly CommandNode[] {
  return recorded(build).commands;
}

type Recorded = Pick<CommandNode, "options" | "commands">;

function recorded(build: (argv: Argv) => unknown): Recorded {
  const options: KnownOption[] = [];
  const modules: CommandModule[] = [];
  const notes: Readonly<Record<string, (...args: never[]) => void>> = {
    command: (added: CommandModule | readonly CommandModule[]) => void modules.push(...[added].flat()),
    option: (name: string, about: Options) => void options.push(optionOf(name, about)),
    options: (all: Record<string, Options>) =>
      void options.push(...Object.entries(all).map(([name, about]) => optionOf(name, about))),
  };
  // In place of yargs: whatever is called, this has it.
  const argv: Argv = new Proxy({} as Argv, {
    get:
      (_, method) =>
      (...args: never[]) => {
        notes[String(method)]?.(...args);
        return argv;
      },
  });
  build(argv);
  return { options, commands: modules.map(nodeOf) };
}

function nodeOf({ command = "", aliases = [], describe, builder }: CommandModule): CommandNode {
  const [written = ""] = [command].flat();
  const [name = "", ...operands] = written.split(" ");
  return {
    names: [name, ...[aliases].flat()],
    describe: String(describe ?? ""),
    operands: operands.join(" "),
    ...recorded((argv) => typeof builder === "function" && builder(argv)),
  };
}

function optionOf(name: string, { type, alias, describe }: Options): KnownOption {
  const short = [alias ?? []].flat().find((one) => one.length === 1);
  return { name, short, takesValue: type !== "boolean", describe: String(describe ?? "") };
}
