import type { Interrupts } from "../process/interrupts.ts";
import type { Report } from "../report/events.ts";
import type { Screen } from "../report/screen.ts";
import type { Options } from "./options.ts";

/** One of devtool's commands; returns the exit code. @throws Failure, Interrupted */
export type Command = (call: Call) => Promise<number>;

export interface Call {
  readonly options: Options;
  /** What follows the options: CMD…, or the arguments for vagrant. */
  readonly words: readonly string[];
  readonly report: Report;
  readonly screen: Screen;
  readonly interrupts: Interrupts;
}
