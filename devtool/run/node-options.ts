import { posix } from "node:path";

/** Node.js's options whose value can be a file of the bundle. */
const TAKES_FILE = new Set(["-r", "--require", "--import", "--loader", "--experimental-loader"]);

/**
 * Puts `--` before the program that Node.js runs, a file of the bundle's folder `outdir`: Node.js takes --env-file for its
 * own option wherever else it stands, also among the program's arguments (nodejs/node#54232).
 */
export function endNodeOptions(argv: readonly string[], outdir: string): string[] {
  const node = argv.findIndex((word) => posix.basename(word) === "node");
  const after = argv.slice(node + 1);
  const script = after.findIndex((word, at) => isBelow(outdir, word) && !TAKES_FILE.has(after[at - 1] ?? ""));
  if (node < 0 || script < 0 || after.slice(0, script).includes("--")) return [...argv];
  return argv.toSpliced(node + 1 + script, 0, "--");
}

function isBelow(folder: string, word: string): boolean {
  return posix.normalize(word).startsWith(`${folder}/`);
}
