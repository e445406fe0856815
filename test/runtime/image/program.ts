import { fileURLToPath } from "node:url";
import yargs from "yargs";
import { imageCommand } from "../../../runtime/commands/image.ts";

/** The arguments that run `tinydocker image …` from its sources, in any directory. */
export const TINYDOCKER = [process.execPath, "--import", import.meta.resolve("tsx"), fileURLToPath(import.meta.url)];

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await yargs(process.argv.slice(2))
    .command(imageCommand)
    .fail((message, error) => {
      process.stderr.write(`${message ?? error.message}\n`);
      process.exit(125);
    })
    .parseAsync();
}
