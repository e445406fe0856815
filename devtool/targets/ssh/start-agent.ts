import type { Duplex } from "node:stream";
import { ConnectionLost } from "../../failure.ts";
import { Relay } from "../../protocol/relay.ts";
import type { AgentFile } from "../agent-client/agent-file.ts";
import { Greeting, NoAgent, type StartedAgent } from "../agent-client/greeting.ts";
import { forLoginShell } from "../login-shell/quote.ts";
import { AfterToken, newToken } from "../login-shell/token.ts";
import { type Place, placeOf } from "./place.ts";
import { startScript } from "./start-script.ts";
import type { SshChannel, SshTransport } from "./transport/transport.ts";

/** From the start command to the agent's hello: the login shell's start-up files and the upload. */
const START_DEADLINE_MS = 300_000;
/** After this a person is told what is waited for. */
const SLOW_MS = 10_000;

export interface AgentOptions {
  /** The target's name, for messages. */
  readonly where: string;
  readonly agent: AgentFile;
  /** Identifies this client to the target, so that an agent left over from a cut connection is ended. */
  readonly client: string;
  /** Where the target's settings name its Node.js and its login shell. */
  readonly node: string | undefined;
  readonly shell: string | undefined;
  readonly notice: (text: string) => void;
}

export interface SshAgent extends StartedAgent {
  readonly place: Place;
  /** Opens a way to unix sockets on the target over the agent's session, where none can be forwarded. Called once. */
  relay(): Promise<(path: string) => Duplex>;
}

/** No agent, but a place where processes can be started on sessions. */
export class Unstarted extends Error {
  readonly why: NoAgent;
  readonly place: Place;

  constructor(why: NoAgent, place: Place) {
    super(why.message, { cause: why });
    this.why = why;
    this.place = place;
  }
}

/**
 * Installs the agent on the target unless it is installed, and starts it on its own SSH session, with which it ends.
 * @throws Unstarted when it can't be installed or started
 */
export async function startAgent(
  transport: SshTransport,
  withRoot: boolean,
  { where, notice, ...options }: AgentOptions,
): Promise<SshAgent> {
  const token = newToken();
  const { channel } = await transport.session(forLoginShell(startScript({ token, withRoot, ...options })));
  const upload = () => void channel.write(options.agent.content);
  const greeting = new Greeting({ token, deadlineMs: START_DEADLINE_MS, upload });
  channel.on("error", () => {}); // "close" follows
  const greeted = (chunk: Buffer) => greeting.stdout(chunk);
  channel.on("data", greeted);
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
  const slow = () => notice(`${where}: still waiting for the login shell; do its start-up files take long?`);
  const timer = setTimeout(slow, SLOW_MS);
  try {
    const hello = await greeting.hello;
    const relay = async () => {
      if (withRoot && hello.facts.uid !== 0) await greeting.root; // the last line before the relay's
      channel.off("data", greeted);
      return startRelay(channel, token);
    };
    return {
      hello,
      root: greeting.root,
      ended,
      end: () => channel.end(),
      relay,
      place: placeOf(greeting, where),
    };
  } catch (error) {
    channel.close();
    if (error instanceof NoAgent) throw new Unstarted(error, placeOf(greeting, where));
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Connections over the agent's own session. */
function startRelay(channel: SshChannel, token: string): (path: string) => Duplex {
  const relay = new Relay(channel);
  const frames = new AfterToken(token);
  frames.on("data", (chunk: Buffer) => {
    try {
      relay.receive(chunk);
    } catch {
      channel.close();
    }
  });
  channel.pipe(frames);
  channel.on("close", () => relay.close());
  return (path) => relay.open(path);
}
