import type { Arguments } from "./arguments.ts";
import { optionsOf } from "./values.ts";

/** Which may stand before CMD… here. */
const FLAGS: ReadonlySet<string> = new Set(["json", "accept-new-host-key"]);
const TEXTS: ReadonlySet<string> = new Set(["target", "config", "ssh-config"]);

type Plain = Arguments & { readonly kind: "command" };

/**
 * `devtool run` as most type it, parsed without yargs: loading that takes longer than a run beside a watch. undefined for
 * any other command line, also one that is not valid.
 */
export function plainRun([command, ...argv]: readonly string[]): Plain | undefined {
  if (command !== "run") return undefined;
  const given: Record<string, unknown> = {};
  for (let at = 0; at < argv.length; at += 1) {
    const word = argv[at] ?? "";
    if (word !== "" && !word.startsWith("-")) {
      return { kind: "command", name: "run", options: optionsOf(given), words: argv.slice(at) };
    }
    const name = word.slice(2);
    const value = argv[at + 1];
    if (!word.startsWith("--") || name in given) return undefined;
    if (FLAGS.has(name)) given[name] = true;
    else if (TEXTS.has(name) && value !== undefined && /^[^-]/.test(value)) {
      given[name] = value;
      at += 1;
    } else return undefined;
  }
  return { kind: "command", name: "run", options: optionsOf(given), words: [] };
}
