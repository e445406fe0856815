import { posix } from "node:path";

/**
 * Options that concern V8, messages, or what happens once the program begins. Others act at Node.js's own start, such as
 * --env-file, which reads a file then, and --inspect, which takes a port.
 */
const OPTIONS = new Set([
  "--enable-source-maps",
  "--experimental-strip-types",
  "--experimental-transform-types",
  "--expose-gc",
  "--max-old-space-size",
  "--max-semi-space-size",
  "--no-deprecation",
  "--no-experimental-strip-types",
  "--no-warnings",
  "--pending-deprecation",
  "--preserve-symlinks",
  "--preserve-symlinks-main",
  "--stack-trace-limit",
  "--throw-deprecation",
  "--trace-deprecation",
  "--trace-uncaught",
  "--trace-warnings",
]);

/** The same, with a value that may be the next word. */
const WITH_VALUE = new Set([
  "-C",
  "--conditions",
  "--disable-warning",
  "-r",
  "--require",
  "--import",
  "--title",
  "--unhandled-rejections",
]);

/** Variables that name files which Node.js reads at its own start. */
export const FILES_READ = ["NODE_EXTRA_CA_CERTS", "NODE_ICU_DATA", "OPENSSL_CONF"];

/** Whether it starts Node.js, which does the same then when it was started earlier and its program begins now. */
export function canStartAhead([program = "", ...args]: readonly string[], env: NodeJS.ProcessEnv): boolean {
  // One that waits would say what it loads.
  if (env["NODE_DEBUG"]) return false;
  const inherited = env["NODE_OPTIONS"]?.split(" ").filter((word) => word !== "") ?? [];
  return (
    posix.basename(program) === "node" && optionsEnd(inherited) === inherited.length && optionsEnd(args) !== undefined
  );
}

/** Where the options end, which are all known; else undefined. */
function optionsEnd(words: readonly string[]): number | undefined {
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? "";
    const [name = ""] = word.split("=", 1);
    if (word === "--" || word === "-" || !word.startsWith("-")) return at;
    if (WITH_VALUE.has(word)) at += 1;
    else if (!OPTIONS.has(name) && !WITH_VALUE.has(name)) return undefined;
  }
  return words.length;
}
