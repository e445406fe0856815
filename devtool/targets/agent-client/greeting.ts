import { StringDecoder } from "node:string_decoder";
import {
  decodeHello,
  decodeRootHello,
  HELLO,
  type Hello,
  OLD_NODE,
  ROOT,
  type RootHello,
} from "../../protocol/hello.ts";
import { TokenLines } from "../login-shell/token.ts";
import { lastSaid } from "../said.ts";

/** The end of what was printed on stderr is enough to show what went wrong. */
const ERRORS_LENGTH_MAX = 2048;
/** Of what was printed in place of the start script's lines, which may have the script. */
const PRINTED_LENGTH_MAX = 16 * 1024;

/**
 * Words that the script which installs and starts the agent prints; the agent itself prints those of protocol/hello.ts.
 */
export const UPLOAD = "upload";
/** Followed by the version of one that is too old. */
export const NO_NODE = "no-node";
export const NOT_INSTALLED = "not-installed";

/** What the start script says of the target before it starts the agent. */
const FOUND = ["machine", "home", "path", "cache", "node", "broken", "new", "boot", "glibc"];

/** The agent can't be started; its message says why. A process may be started in another way. */
export class NoAgent extends Error {
  override readonly name = "NoAgent";
}

/** The target has no Node.js that can run the agent. */
export class NoNode extends NoAgent {
  /** The version of one that it has; "" without one. */
  readonly old: string;

  /** `broken`: the path of one that does not run, and what it says. */
  constructor(old: string, broken = "") {
    super(`${old ? `its Node.js is ${old}` : withoutNode(broken)}; 20.19 or newer is needed`);
    this.old = old;
  }
}

function withoutNode(broken: string): string {
  return broken ? `its Node.js does not run: ${broken}` : "it has no Node.js";
}

/** An agent that has greeted. */
export interface StartedAgent {
  readonly hello: Hello;
  /** As Greeting.root. */
  readonly root: Promise<RootHello>;
  /** Settles when it has ended. */
  readonly ended: Promise<void>;
  /** Ends it, and with it every process it carries. */
  end(): void;
}

/** waiting ──hello──▶ greeted; or ──no Node.js, not valid, ended, silent──▶ failed */
type State =
  | { readonly name: "waiting"; readonly resolve: (hello: Hello) => void; readonly reject: (error: Error) => void }
  | { readonly name: "greeted" }
  | { readonly name: "failed" };

export interface GreetingOptions {
  readonly token: string;
  /** From now to the agent's hello. */
  readonly deadlineMs: number;
  /** Called when the start script asks for the agent's content on its stdin. */
  readonly upload?: () => void;
}

/**
 * Reads what an agent prints when it starts, over SSH or on this machine. The caller passes on its output and how it
 * ended.
 */
export class Greeting {
  readonly #upload: () => void;
  readonly #lines: TokenLines;
  readonly #stdout = new StringDecoder("utf8");
  readonly #stderr = new StringDecoder("utf8");
  readonly #timer: NodeJS.Timeout;
  #state: State = { name: "failed" };
  #errors = "";
  #printed = "";
  #settleRoot: (hello: RootHello) => void = () => {};
  /** What the start script found, by its words. */
  readonly found = new Map<string, string>();
  /** Rejects with NoAgent, NoNode, or with the error passed to fail(). */
  readonly hello: Promise<Hello>;
  /** Settles when it is known whether an agent runs as root; without one, when the agent ends. */
  readonly root: Promise<RootHello>;

  constructor({ token, deadlineMs, upload }: GreetingOptions) {
    this.#upload = upload ?? (() => this.fail(new NoAgent("it asked to be uploaded")));
    this.#lines = new TokenLines(token, (line) => this.#read(line));
    this.#timer = setTimeout(
      () => this.fail(new NoAgent(`it did not report within ${deadlineMs / 1000} s that it is ready`)),
      deadlineMs,
    );
    this.hello = new Promise((resolve, reject) => {
      this.#state = { name: "waiting", resolve, reject };
    });
    this.hello.catch(() => {}); // it may fail before anyone awaits it
    this.root = new Promise((settle) => {
      this.#settleRoot = settle;
    });
  }

  /** The end of what both streams had: where the start script did not run, why. */
  get said(): string {
    return lastSaid(this.#printed);
  }

  stdout(chunk: Buffer): void {
    this.#print(this.#stdout.write(chunk));
    this.#lines.push(chunk);
  }

  stderr(chunk: Buffer): void {
    const text = this.#stderr.write(chunk);
    this.#print(text);
    this.#errors = (this.#errors + text).slice(-ERRORS_LENGTH_MAX);
  }

  /** The agent has ended; `how` is reported unless it said why on stderr. */
  ended(how: string): void {
    this.#settleRoot({ failed: "the agent has ended" });
    this.fail(new NoAgent(this.#errors.trim() || how));
  }

  fail(error: Error): void {
    if (this.#state.name !== "waiting") return;
    const { reject } = this.#state;
    this.#over("failed");
    reject(error);
  }

  #print(text: string): void {
    this.#printed = (this.#printed + text).slice(-PRINTED_LENGTH_MAX);
  }

  #read(line: string): void {
    const [word = "", rest = ""] = splitOnce(line);
    try {
      this.#act(word, rest);
    } catch (error) {
      this.fail(new NoAgent(messageOf(error), { cause: error }));
    }
  }

  #act(word: string, rest: string): void {
    if (word === UPLOAD) this.#upload();
    else if (word === HELLO) this.#greet(decodeHello(rest));
    else if (word === ROOT) this.#settleRoot(rootHello(rest));
    else if (FOUND.includes(word)) this.found.set(word, rest);
    else if (word === NO_NODE || word === OLD_NODE) this.fail(new NoNode(rest, this.found.get("broken")));
    else if (word === NOT_INSTALLED) this.fail(new NoAgent(this.#errors.trim() || "it can't be stored there"));
    else this.fail(new NoAgent(`it reported ${JSON.stringify(word)}, which is not a known word`));
  }

  #greet(hello: Hello): void {
    if (this.#state.name !== "waiting") return;
    const { resolve } = this.#state;
    this.#over("greeted");
    resolve(hello);
  }

  #over(name: "greeted" | "failed"): void {
    this.#state = { name };
    clearTimeout(this.#timer);
  }
}

/** The agent as root is optional: if its greeting is not valid, it counts as not started. */
function rootHello(json: string): RootHello {
  try {
    return decodeRootHello(json);
  } catch (error) {
    return { failed: messageOf(error) };
  }
}

function splitOnce(line: string): [string, string] {
  const blank = line.indexOf(" ");
  return blank === -1 ? [line, ""] : [line.slice(0, blank), line.slice(blank + 1)];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
