/** A host that has not let someone in by then waits for a person. */
const WAIT_MS = 2_000;

/**
 * What a host says before the login is over, such as the address at which to confirm it. It is reported when a person is
 * asked something, or has to do something.
 */
export class Banner {
  readonly #notice: (text: string) => void;
  readonly #untold: string[] = [];
  #last = "";
  #timer: NodeJS.Timeout | undefined;

  constructor(notice: (text: string) => void) {
    this.#notice = notice;
  }

  /** The last one, which has the reason where PAM does not let someone in. */
  get last(): string {
    return this.#last;
  }

  add(text: string): void {
    this.#last = text;
    this.#untold.push(...text.split(/\r?\n/).filter((line) => line.trim() !== ""));
    this.wait();
  }

  /** The host is waited for. */
  wait(): void {
    this.hush();
    if (this.#untold.length > 0) this.#timer = setTimeout(() => this.tell(), WAIT_MS);
  }

  tell(): void {
    this.hush();
    for (const line of this.#untold.splice(0)) this.#notice(line.trimEnd());
  }

  /** It is not, or no longer. */
  hush(): void {
    clearTimeout(this.#timer);
  }
}
