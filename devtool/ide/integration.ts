/** What the generated files of every editor start, and how an editor reads what that prints. */
export interface Integration {
  /** Starts devtool, without its command: `npx --no -- devtool`. */
  readonly devtool: readonly string[];
  /** Of each command of devtool's, such as `--target box`. */
  readonly options: readonly string[];
  /** NAME CMD… of `run` and `watch`. */
  readonly words: readonly string[];
  /** Whether the program is Node.js's, or tsx's, so that a debugger of the editor's can attach to it. */
  readonly isNode: boolean;
  /** Whether the project has tests of its own: `npm test`. */
  readonly hasTests: boolean;
}

/** What a person starts from an editor, in this order. */
export interface Task {
  readonly name: string;
  readonly argv: readonly string[];
  readonly kind: "watch" | "run" | "build" | "test";
}

export function tasksOf({ devtool, options, words, isNode, hasTests }: Integration): Task[] {
  const task = (name: string, kind: Task["kind"], ...argv: string[]): Task => ({
    name: `devtool: ${name}`,
    argv,
    kind,
  });
  return [
    task("watch", "watch", ...devtool, "watch", ...options, ...words),
    task("run", "run", ...devtool, "run", ...options, ...words),
    ...(isNode ? [task("debug", "watch", ...devtool, "watch", "--inspect", ...options, ...words)] : []),
    task("build", "build", ...devtool, "build", ...options),
    ...(hasTests ? [task("test", "test", "npm", "test")] : []),
  ];
}

/** The task that a debugger attaches to. */
export const DEBUG_TASK = "devtool: debug";

/** A line of a diagnostic, as devtool prints those of every tool: file, line, column, severity, text. */
export const DIAGNOSTIC = "^(.+?):(\\d+):(?:(\\d+):)? (error|warning|note): (.*)$";
/** A round of `watch` begins, with diagnostics of its own. */
export const ROUND_BEGINS = "^devtool: changed\\b";
/** Of the round that goes on, or of the program of the one before. */
const WITHIN_ROUND = [
  "changed\\b",
  "ended ",
  "the program is still ending",
  "(still )?waiting for ",
  ".+: it is installed there, once",
  "sent before and excluded ",
  "deleted from the mirror",
  "the container publishes ",
  "\\S+ here is ",
  "\\S+:\\d+ on \\S+ is ",
  "r: run again",
];
/** A round is over, whatever came of it: the program was started, or any line says why not, but for those that others follow. */
export const ROUND_ENDS = `^devtool: (?!(\\S+: )?(${WITHIN_ROUND.join("|")}))`;
