import { type Contender, timed } from "./rounds.ts";
import { run } from "./run.ts";

/** What is left of a command of ours if it does nothing: Node.js starts and ends. */
export const EMPTY_NODE: Contender = {
  name: "node, an empty program here",
  measure: () => timed(() => run([process.execPath, "/dev/null"])),
};
