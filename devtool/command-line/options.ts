/** The options of every command. */
export interface Options {
  readonly target: string | undefined;
  readonly config: string | undefined;
  readonly json: boolean;
  readonly provision: boolean;
  readonly acceptNewHostKey: boolean;
  readonly sshConfig: string | undefined;
}
