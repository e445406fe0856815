import { ConnectionLost, Failure } from "../failure.ts";
import { reportOf } from "../report/origin.ts";
import { type Forwards, openForwards, openReverse } from "../run/forward.ts";
import { Reconnecting } from "../targets/reconnect.ts";
import type { Connection, Target } from "../targets/target.ts";
import { type Connected, connect } from "./lane/lane.ts";
import { refuseLoops } from "./loopback.ts";
import type { Session } from "./session.ts";

interface Listeners {
  /** A connection is open, the first or a later one. */
  readonly onOpened: () => void;
  readonly onReopened: () => void;
  readonly mayWait: (why: Failure) => boolean;
  readonly onFailed: (error: unknown) => void;
}

/** Connects to one of the session's targets, and again after each loss, which is reported. */
export function keepConnected(
  target: Target,
  { project, report, ports }: Session,
  { onOpened, ...listeners }: Listeners,
): Reconnecting<Connected> {
  return new Reconnecting({
    open: async (signal) => {
      const connected = await connect(target, project, report, signal);
      const { connection, facts } = connected;
      await refuseLoops(ports, { connection, boot: facts.boot }, target.name, signal).catch(closing(connection));
      onOpened();
      void openReverse(ports.reverse, connected.connection, reportOf(report, { target: target.name }));
      return connected;
    },
    onDisconnected: (why) => {
      const { code, remedy = null } = why instanceof Failure ? why : new ConnectionLost(why.message);
      const mendsItself = code === "connection-lost";
      const told = { code, message: why.message, remedy: mendsItself ? null : remedy };
      report({ event: "disconnected", ...told }, { target: target.name });
    },
    ...listeners,
  });
}

/** Closes a connection that is not used after all. */
function closing(connection: Connection): (why: unknown) => Promise<never> {
  return async (why) => {
    await connection.close();
    throw why;
  };
}

/** The ports of this machine that are the target's. @throws Failure, exit code 2 */
export async function forwardPorts(
  { ports, report, targets }: Session,
  [first]: readonly Reconnecting<Connected>[],
): Promise<Forwards> {
  const current = async () => (await (first as Reconnecting<Connected>).current()).connection;
  return await openForwards(ports.forward, current, reportOf(report, { target: targets[0].name }));
}
