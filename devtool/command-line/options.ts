import type { ProjectPorts } from "../config/project.ts";
import type { OnBusy } from "../dev/controls.ts";
import type { Format } from "../report/format.ts";
import type { Inspect } from "../run/inspect.ts";

/** The options of every command. */
export interface Options {
  readonly target: string | undefined;
  readonly config: string | undefined;
  readonly format: Format;
  readonly provision: boolean;
  /** Of watch: the program gets the terminal and the input. */
  readonly interactive: boolean;
  /** Of watch: what to do about a save while the program runs. */
  readonly onBusy: OnBusy;
  /** Whether a sync may delete most of what was sent before, or a pull replace what is newer here. */
  readonly force: boolean;
  /** Of sync and pull: changes nothing. */
  readonly dryRun: boolean;
  /** Of clean: without a question. */
  readonly yes: boolean;
  /** Of clean: also the caches on this machine. */
  readonly caches: boolean;
  /** Of clean: also mirrors that were not used for long. */
  readonly old: boolean;
  /** Of run and watch: what is forwarded besides what the configuration names. */
  readonly ports: ProjectPorts;
  /** Of run and watch: lets a debugger in. */
  readonly inspect: Inspect | undefined;
  /** Of run and watch: says after each round what its stages took. */
  readonly timings: boolean;
  readonly acceptNewHostKey: boolean;
  readonly sshConfig: string | undefined;
}
