/** Something a person can act on: what failed, on what and why in `message`; what to do about it in `remedy`. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly remedy: string | undefined;
  /** 2: the input was refused and nothing was touched; 1: it failed on the way. */
  readonly exitCode: 1 | 2;

  constructor(message: string, options: { remedy?: string; exitCode?: 1 | 2; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.remedy = options.remedy;
    this.exitCode = options.exitCode ?? 1;
  }
}

/** The connection to a target ended on its own; `watch` reconnects after it. */
export class ConnectionLost extends Failure {}
