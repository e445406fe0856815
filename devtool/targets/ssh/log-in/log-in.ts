import type { Identity } from "../keys/key.ts";
import { OfferedIdentity } from "../keys/reader.ts";
import { BeyondLibrary } from "../openssh/beyond.ts";
import type { AnyAuthMethod } from "../transport/ssh2.ts";
import { Answers, type AnswersOptions } from "./answers.ts";
import type { Attempts, Refusal } from "./method.ts";

/** Methods that only OpenSSH's own ssh has. */
const OPENSSH_ONLY = ["hostbased", "gssapi-with-mic"];
/** As OpenSSH's, but keys first. */
const METHODS = ["publickey", ...OPENSSH_ONLY, "keyboard-interactive", "password"];

/** What happened during a login, for its failure's message. */
export interface LogInStory {
  /** The methods that the server offers, or still wants. */
  readonly offers: readonly string[];
  /** Accepted, though not enough. */
  readonly acceptedKeys: readonly string[];
  readonly refusedKeys: readonly string[];
  /** Accepted, and the agent that has them does not sign. */
  readonly unsignedKeys: readonly string[];
  /** Passwords and other answers that the server refused. */
  readonly refusedAnswers: number;
  /** The method for which nobody could be asked, and why. */
  readonly unasked: { readonly method: string; readonly why: string } | undefined;
}

export interface LogInOptions extends AnswersOptions {
  readonly identities: readonly Identity[];
  /** OpenSSH's own ssh may log in instead. */
  readonly mayHandOver: boolean;
}

/**
 * The methods that log in, in OpenSSH's order: "none", whose refusal lists what the server offers, each key in turn, then
 * what a person is asked for. A method that succeeds may be only the first of several that the server wants.
 */
export class LogIn {
  readonly #options: LogInOptions;
  readonly #answers: Answers;
  readonly #attempts: Attempts<void>;
  readonly #keys: Identity[];
  readonly #acceptedKeys: string[] = [];
  readonly #refusedKeys: string[] = [];
  readonly #unsignedKeys: string[] = [];
  #offers: readonly string[] = [];

  constructor(options: LogInOptions) {
    this.#options = options;
    this.#answers = new Answers(options);
    this.#keys = [...options.identities];
    this.#attempts = this.#attempt();
  }

  /** The next method, or undefined if there is none. Rejects when interrupted, and with BeyondLibrary. */
  async next(refusal: Refusal): Promise<AnyAuthMethod | undefined> {
    const { value, done } = await this.#attempts.next(refusal);
    return done ? undefined : value;
  }

  get story(): LogInStory {
    const { refused, unasked } = this.#answers;
    return {
      offers: this.#offers,
      acceptedKeys: this.#acceptedKeys,
      refusedKeys: this.#refusedKeys,
      unsignedKeys: this.#unsignedKeys,
      refusedAnswers: refused,
      unasked,
    };
  }

  async *#attempt(): Attempts<void> {
    const { settings } = this.#options;
    const order = settings.preferred ?? METHODS;
    const exhausted = new Set(settings.disabled);
    this.#offers = yield* this.#listOffers();
    for (;;) {
      const method = order.find((name) => this.#offers.includes(name) && !exhausted.has(name));
      if (method === undefined) return;
      const left = yield* this.#try(method);
      if (left) this.#offers = left;
      else exhausted.add(method);
    }
  }

  /** The methods that are left after `method`, which succeeded; undefined if it can't. */
  async *#try(method: string): Attempts<readonly string[] | undefined> {
    switch (method) {
      case "publickey":
        return yield* this.#offerKeys();
      case "keyboard-interactive":
        return yield* this.#answers.interactive();
      case "password":
        return yield* this.#answers.password();
      default:
        if (this.#options.mayHandOver && OPENSSH_ONLY.includes(method)) throw new BeyondLibrary(`it offers ${method}`);
        return undefined;
    }
  }

  async *#offerKeys(): Attempts<readonly string[] | undefined> {
    const { user: username, pauseDuring } = this.#options;
    for (let key = this.#keys.shift(); key; key = this.#keys.shift()) {
      const agent = new OfferedIdentity(key, pauseDuring);
      yield { type: "agent", username, agent };
      if (agent.signed) {
        this.#acceptedKeys.push(key.name);
        return yield* this.#listOffers(); // ssh2 does not tell a key that is not enough from a refused one
      }
      (agent.unsigned ? this.#unsignedKeys : this.#refusedKeys).push(key.name);
    }
    return undefined;
  }

  async *#listOffers(): Attempts<readonly string[]> {
    const { left } = yield { type: "none", username: this.#options.user };
    return left;
  }
}
