import type { LogInSettings } from "../config/settings.ts";
import type { AnyAuthMethod, KeyboardInteractiveAuthMethod } from "../transport/ssh2.ts";
import type { Ask } from "./ask.ts";
import type { Attempts } from "./method.ts";

export interface AnswersOptions {
  readonly user: string;
  /** For prompts: `user@host`. */
  readonly account: string;
  readonly settings: LogInSettings;
  readonly ask: Ask;
  /** Stops the clock while a person answers. */
  readonly pauseDuring: <T>(work: Promise<T>) => Promise<T>;
  /** A question was interrupted, or (undefined) there is nobody to ask: the login ends. */
  readonly giveUp: (error: unknown) => void;
}

/** The methods for which a person is asked. No answer is kept. */
export class Answers {
  readonly #options: AnswersOptions;
  #refused = 0;
  #unasked: { readonly method: string; readonly why: string } | undefined;

  constructor(options: AnswersOptions) {
    this.#options = options;
  }

  /** How many passwords and other answers the server refused. */
  get refused(): number {
    return this.#refused;
  }

  /** The method for which nobody could be asked, and why. */
  get unasked(): { readonly method: string; readonly why: string } | undefined {
    return this.#unasked;
  }

  /** Returns the methods that are left after a password that was accepted; undefined if none was. */
  async *password(): Attempts<readonly string[] | undefined> {
    const { user: username, account } = this.#options;
    return yield* this.#repeat(async () => {
      const password = await this.#ask("password", `${account}'s password: `, false);
      return password === undefined ? undefined : { type: "password", username, password };
    });
  }

  /** The same for questions that the server words, such as a one-time code's. */
  async *interactive(): Attempts<readonly string[] | undefined> {
    const { user: username, giveUp } = this.#options;
    let wasAsked = false;
    const prompt: KeyboardInteractiveAuthMethod["prompt"] = (name, instructions, _language, prompts, finish) => {
      wasAsked = true;
      this.#answer([name, instructions], prompts).then(
        (answers) => (answers ? finish(answers) : giveUp(undefined)),
        giveUp,
      );
    };
    return yield* this.#repeat(async (attempt) => {
      // A server that asked nothing would ask nothing again.
      if (attempt > 1 && !wasAsked) return undefined;
      return { type: "keyboard-interactive", username, prompt };
    });
  }

  async *#repeat(
    method: (attempt: number) => Promise<AnyAuthMethod | undefined>,
  ): Attempts<readonly string[] | undefined> {
    for (let attempt = 1; attempt <= this.#options.settings.prompts; attempt++) {
      const next = await method(attempt);
      if (!next) return undefined;
      const { left, partial } = yield next;
      if (partial) return left;
      this.#refused++;
    }
    return undefined;
  }

  /** Returns undefined if there is nobody to ask. */
  async #answer(
    before: readonly string[],
    prompts: readonly { readonly prompt: string; readonly echo?: boolean }[],
  ): Promise<string[] | undefined> {
    const answers: string[] = [];
    const said = before.filter(Boolean).map((text) => `${printable(text)}\r\n`);
    for (const { prompt, echo = false } of prompts) {
      const shown = `${said.splice(0).join("")}(${this.#options.account}) ${printable(prompt)}`;
      const answer = await this.#ask("keyboard-interactive", shown, echo);
      if (answer === undefined) return undefined;
      answers.push(answer);
    }
    return answers;
  }

  async #ask(method: string, prompt: string, echo: boolean): Promise<string | undefined> {
    const { settings, ask, pauseDuring } = this.#options;
    const answer = settings.batch ? undefined : await pauseDuring(ask(prompt, echo));
    if (answer === undefined) {
      this.#unasked = { method, why: settings.batch ? "BatchMode forbids to ask" : "there is no terminal to ask on" };
    }
    return answer;
  }
}

/** The server's text, without what a terminal would act on but line breaks. */
function printable(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => line.replace(/\p{Cc}/gu, " "))
    .join("\r\n")
    .trimEnd()
    .concat(" ");
}
