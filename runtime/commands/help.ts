import type { CommandModule } from "yargs";
import { Failure } from "../failure.ts";
import type { Options } from "./options/option.ts";
import { ALIASES } from "./verbs/aliases.ts";
import type { Verb, Verbs } from "./verbs/verb.ts";

/** A command of which yargs only prints the help: it is run before, unless an option was written before it. */
export function helpOf(command: string, describe: string, options: Options): CommandModule {
  return {
    command,
    describe,
    builder: (help) => {
      help.version(false);
      for (const [name, { type, describe, short, multiple = false }] of Object.entries(options))
        help.option(name, { type, describe, array: multiple, ...(short ? { alias: short } : {}) });
      return help;
    },
    handler: () => {
      throw new Failure("the command comes first, and its options behind it", {
        code: "usage",
        remedy: `tinydocker ${command}`,
      });
    },
  };
}

function verbHelp([name, { synopsis, describe, options }]: readonly [string, Verb]): CommandModule {
  return helpOf(`${name} ${synopsis.replace(/^(NAME)/, "<$1>")}`.trim(), describe, options);
}

export function helpOfEach(verbs: Verbs): CommandModule[] {
  return Object.entries(verbs).map(verbHelp);
}

/** Of `network` and the like, with what else docker calls their verbs. */
export function groupHelp(group: string, describe: string, verbs: Verbs): CommandModule {
  const also = (name: string) => Object.keys(ALIASES).filter((alias) => ALIASES[alias] === name);
  const names = Object.keys(verbs);
  const last = names.pop();
  return {
    command: group,
    describe,
    builder: (help) => {
      help.version(false);
      for (const one of Object.entries(verbs)) help.command({ ...verbHelp(one), aliases: also(one[0]) });
      return help.demandCommand(1, `the command is missing: ${names.join(", ")} or ${last}`);
    },
    handler: () => {},
  };
}
