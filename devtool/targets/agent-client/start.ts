import { ConnectionLost, Failure } from "../../failure.ts";
import {
  decodeHello,
  decodeRootHello,
  HELLO,
  type Hello,
  OLD_NODE,
  ROOT,
  type RootHello,
} from "../../protocol/hello.ts";
import { forLoginShell, quote } from "../login-shell/quote.ts";
import { newToken, TokenLines } from "../login-shell/token.ts";
import type { SshTransport } from "../ssh/transport.ts";
import type { AgentFile } from "./file.ts";

/** From the start command to the agent's word, upload included. */
const START_DEADLINE_MS = 30_000;
const COMPLAINT_BYTES_MAX = 2048;

export interface StartedAgent {
  readonly hello: Hello;
  /** Settles late where no agent for root was asked for. */
  readonly root: Promise<RootHello>;
  /** Settles when it has ended. */
  readonly ended: Promise<void>;
  /** Ends it, and with it every process it carries. */
  end(): void;
}

/** Why processes must go another way than through the agent. */
export class NoAgent extends Error {
  override readonly name = "NoAgent";
}

/**
 * Puts the agent on the target unless it is there, and starts it on a session of its own, whose life it shares.
 * @throws NoAgent when it can't be put there; Failure without a Node.js that can run it
 */
export async function startAgent(
  transport: SshTransport,
  agent: AgentFile,
  client: string,
  withRoot: boolean,
  where: string,
): Promise<StartedAgent> {
  const token = newToken();
  const { channel } = await transport.session(forLoginShell(startScript(token, agent, client, withRoot)));
  return await new Promise<StartedAgent>((resolve, reject) => {
    const timer = setTimeout(
      () => fail(new NoAgent(`it said nothing within ${START_DEADLINE_MS / 1000} s`)),
      START_DEADLINE_MS,
    );
    let complaint = "";
    let rooted: (hello: RootHello) => void = () => {};
    const root = new Promise<RootHello>((settle) => {
      rooted = settle;
    });
    const ended = new Promise<void>((settle) => channel.on("close", () => settle()));
    const fail = (error: Error) => {
      clearTimeout(timer);
      reject(error);
      channel.close();
    };
    const hear = (line: string) => {
      const [word, rest] = splitWord(line);
      if (word === "upload") channel.write(agent.content);
      else if (word === HELLO) {
        clearTimeout(timer);
        resolve({ hello: decodeHello(rest), root, ended, end: () => channel.end() });
      } else if (word === ROOT) rooted(decodeRootHello(rest));
      else if (word === "no-node") fail(noNode(where, "has no Node.js"));
      else if (word === OLD_NODE) fail(noNode(where, `has Node.js ${rest}`));
      else fail(new NoAgent(complaint.trim() || word));
    };
    const lines = new TokenLines(token, (line) => {
      try {
        hear(line);
      } catch (error) {
        fail(error instanceof Error ? error : new Error(String(error)));
      }
    });
    channel.on("data", (chunk: Buffer) => lines.push(chunk));
    channel.stderr.on("data", (chunk: Buffer) => {
      complaint = (complaint + chunk.toString("utf8")).slice(-COMPLAINT_BYTES_MAX);
    });
    void transport.closed.then((error) => fail(error ?? new ConnectionLost(`the connection to ${where} was closed`)));
    channel.on("close", () => {
      rooted({ failed: "the agent has ended" });
      fail(new NoAgent(complaint.trim() || "it ended at once"));
    });
  });
}

/** Reads as a POSIX shell script; `upload` asks for the agent's bytes on stdin. */
function startScript(token: string, agent: AgentFile, client: string, withRoot: boolean): string {
  const size = agent.content.length;
  return `t=${token} n=${quote(agent.name)}
d="\${XDG_CACHE_HOME:-$HOME/.cache}/devtool"
command -v node >/dev/null 2>&1 || { echo "$t no-node"; exit 1; }
[ -f "$d/$n" ] || (
  umask 077
  mkdir -p "$d" && echo "$t upload" && head -c ${size} >"$d/$n.$$" || exit 1
  [ "$(wc -c <"$d/$n.$$")" -eq ${size} ] && chmod 700 "$d/$n.$$" && mv "$d/$n.$$" "$d/$n" && exit
  rm -f "$d/$n.$$"
  exit 1
) || { echo "$t not-installed"; exit 1; }
exec node "$d/$n" "$t" login ${quote(client)} ${withRoot ? "sudo" : "no-sudo"}
`;
}

function noNode(where: string, what: string): Failure {
  return new Failure(`${where} ${what} for its login shell; 20.19 or newer is needed`, {
    code: "node-missing",
    remedy: "install it: devtool provision, or use --provision",
    exitCode: 2,
  });
}

function splitWord(line: string): [string, string] {
  const blank = line.indexOf(" ");
  return blank === -1 ? [line, ""] : [line.slice(0, blank), line.slice(blank + 1)];
}
