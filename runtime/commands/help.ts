import type { CommandModule } from "yargs";
import type { Options } from "./options/option.ts";
import type { Verb } from "./verbs/verb.ts";

/** A command of which yargs only prints the help. */
export function helpOf(command: string, describe: string, options: Options): CommandModule {
  return {
    command,
    describe,
    builder: (help) => {
      for (const [name, { type, describe, short, multiple = false }] of Object.entries(options))
        help.option(name, { type, describe, array: multiple, ...(short ? { alias: short } : {}) });
      return help;
    },
    handler: () => {},
  };
}

export function verbHelp([name, { synopsis, describe, options }]: readonly [string, Verb]): CommandModule {
  return helpOf(`${name} ${synopsis.replace(/^(NAME)/, "<$1>")}`.trim(), describe, options);
}
