import { ConnectionLost } from "../../failure.ts";
import type { AgentFile } from "../agent-client/agent-file.ts";
import { Greeting, NO_NODE, NOT_INSTALLED, type StartedAgent, UPLOAD } from "../agent-client/greeting.ts";
import { forLoginShell, quote } from "../login-shell/quote.ts";
import { newToken } from "../login-shell/token.ts";
import type { SshTransport } from "./transport/transport.ts";

/** From the start command to the agent's hello, upload included. */
const START_DEADLINE_MS = 30_000;

export interface AgentOptions {
  /** The target's name, for messages. */
  readonly where: string;
  readonly agent: AgentFile;
  /** Identifies this client to the target, so that an agent left over from a cut connection is ended. */
  readonly client: string;
}

/**
 * Installs the agent on the target unless it is installed, and starts it on its own SSH session, with which it ends.
 * @throws NoAgent when it can't be installed or started; Failure without a Node.js that can run it
 */
export async function startAgent(
  transport: SshTransport,
  withRoot: boolean,
  { where, agent, client }: AgentOptions,
): Promise<StartedAgent> {
  const token = newToken();
  const { channel } = await transport.session(forLoginShell(startScript(token, agent, client, withRoot)));
  const upload = () => void channel.write(agent.content);
  const greeting = new Greeting({ token, where, deadlineMs: START_DEADLINE_MS, upload });
  channel.on("error", () => {}); // "close" follows
  channel.on("data", (chunk: Buffer) => greeting.stdout(chunk));
  channel.stderr.on("data", (chunk: Buffer) => greeting.stderr(chunk));
  const ended = new Promise<void>((settle) => {
    channel.on("close", () => {
      greeting.ended("it ended at once");
      settle();
    });
  });
  void transport.closed.then((error) =>
    greeting.fail(error ?? new ConnectionLost(`the connection to ${where} was closed`)),
  );
  try {
    return { hello: await greeting.hello, root: greeting.root, ended, end: () => channel.end() };
  } catch (error) {
    channel.close();
    throw error;
  }
}

/** Runs in a POSIX shell; UPLOAD asks for the agent's content on stdin. */
function startScript(token: string, agent: AgentFile, client: string, withRoot: boolean): string {
  const size = agent.content.length;
  return `t=${token} n=${quote(agent.name)}
d="\${XDG_CACHE_HOME:-$HOME/.cache}/devtool"
command -v node >/dev/null 2>&1 || { echo "$t ${NO_NODE}"; exit 1; }
[ -f "$d/$n" ] || (
  umask 077
  mkdir -p "$d" && echo "$t ${UPLOAD}" && head -c ${size} >"$d/$n.$$" || exit 1
  [ "$(wc -c <"$d/$n.$$")" -eq ${size} ] && chmod 700 "$d/$n.$$" && mv "$d/$n.$$" "$d/$n" && exit
  rm -f "$d/$n.$$"
  exit 1
) || { echo "$t ${NOT_INSTALLED}"; exit 1; }
exec node "$d/$n" "$t" login ${quote(client)} ${withRoot ? "sudo" : "no-sudo"}
`;
}
