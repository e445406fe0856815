// Stores what V8 makes of a script beside it, for the Node.js versions with the same V8: compiling what a command needs may take
// longer than all else that it does.
import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";

/** The launchers read a byte as a character. esbuild does this but in regular expressions. */
export function escaped(source) {
  return source.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Of all functions of the script at `path`, whose text is `source`. */
export async function compileAhead(path, source) {
  // Else it compiles a function when it is called first.
  setFlagsFromString("--no-lazy");
  const script = new Script(source, { filename: basename(path) });
  // What it made is for those who have the same flags.
  setFlagsFromString("--lazy");
  await writeFile(`${path}.compiled`, script.createCachedData());
}
