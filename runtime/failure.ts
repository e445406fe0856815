/** Something a person can act on: what failed, on what and why in `message`; what to do about it in `remedy`. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly remedy: string | undefined;
  /** docker's: 125 tinydocker itself, 126 the command can't be executed, 127 there is no such command. */
  readonly exitCode: 125 | 126 | 127;

  constructor(message: string, options: { remedy?: string; exitCode?: 125 | 126 | 127; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.remedy = options.remedy;
    this.exitCode = options.exitCode ?? 125;
  }
}
