import type { Format } from "../report/format.ts";

/** The options of every command. */
export interface Options {
  readonly target: string | undefined;
  readonly config: string | undefined;
  readonly format: Format;
  readonly provision: boolean;
  readonly acceptNewHostKey: boolean;
  readonly sshConfig: string | undefined;
}
