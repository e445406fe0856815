import { posix } from "node:path";

/** Node.js's options whose value can be a file of the bundle. */
const TAKES_FILE = new Set(["-r", "--require", "--import", "--loader", "--experimental-loader"]);

/** Of the bundle that the program is in. */
export interface BundleFacts {
  /** Its folder, relative to the project. */
  readonly outdir: string;
  /** Whether Node.js finds a source map of it. */
  readonly hasSourceMaps: boolean;
}

/**
 * Where Node.js runs a file of the bundle: makes its stack traces name the sources, unless an option says otherwise, and
 * puts `--` before the program, since Node.js takes --env-file for its own option wherever else it stands, also among the
 * program's arguments (nodejs/node#54232).
 */
export function withNodeOptions(argv: readonly string[], { outdir, hasSourceMaps }: BundleFacts): string[] {
  const node = argv.findIndex((word) => posix.basename(word) === "node");
  const after = argv.slice(node + 1);
  const script = after.findIndex((word, at) => isBelow(outdir, word) && !TAKES_FILE.has(after[at - 1] ?? ""));
  if (node < 0 || script < 0) return [...argv];
  const [options, program] = [after.slice(0, script), after.slice(script)];
  const isSet = options.some((option) => /^--(no-)?enable-source-maps$/.test(option));
  const traces = hasSourceMaps && !isSet ? ["--enable-source-maps"] : [];
  const end = options.includes("--") ? [] : ["--"];
  return [...argv.slice(0, node + 1), ...traces, ...options, ...end, ...program];
}

function isBelow(folder: string, word: string): boolean {
  return posix.normalize(word).startsWith(`${folder}/`);
}
