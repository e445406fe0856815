import { ConnectionLost, Failure } from "../failure.ts";
import { reportOf } from "../report/events.ts";
import { type Forwards, openForwards, openReverse } from "../run/forward.ts";
import { Reconnecting } from "../targets/reconnect.ts";
import { type Connected, connect } from "./lane.ts";
import type { Session } from "./session.ts";

interface Events {
  readonly onOpened: () => void;
  readonly onReopened: () => void;
  readonly onFailed: (error: unknown) => void;
}

/** Opens the connection to a session's target, and another one after each loss. */
export function keepConnected(session: Session, { onOpened, ...events }: Events): Reconnecting<Connected> {
  const { target, project, ports } = session;
  const report = reportOf(session.report, { target: target.name });
  return new Reconnecting({
    ...events,
    open: async (signal) => {
      const connected = await connect(target, project, session.report, signal);
      onOpened();
      void openReverse(ports.reverse, connected.connection, report);
      return connected;
    },
    onDisconnected: (why) => {
      const { code, remedy = null } = why instanceof Failure ? why : new ConnectionLost(why.message);
      report({ event: "disconnected", code, message: why.message, remedy });
    },
  });
}

/** @throws Failure, exit code 2 */
export async function forwardPorts(
  { ports, report, target }: Session,
  connections: Reconnecting<Connected>,
): Promise<Forwards> {
  const current = async () => (await connections.current()).connection;
  return await openForwards(ports.forward, current, reportOf(report, { target: target.name }));
}
