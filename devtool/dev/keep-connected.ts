import { ConnectionLost, Failure } from "../failure.ts";
import { Reconnecting } from "../targets/reconnect.ts";
import { type Connected, connect } from "./lane.ts";
import type { Session } from "./session.ts";

interface Listeners {
  /** A connection is open, the first or a later one. */
  readonly onOpened: () => void;
  readonly onReopened: () => void;
  readonly onFailed: (error: unknown) => void;
}

/** Connects to the session's target, and again after each loss, which is reported. */
export function keepConnected(
  { target, project, report }: Session,
  { onOpened, onReopened, onFailed }: Listeners,
): Reconnecting<Connected> {
  return new Reconnecting({
    open: async (signal) => {
      const connected = await connect(target, project, report, signal);
      onOpened();
      return connected;
    },
    onDisconnected: (why) => {
      const { code, remedy = null } = why instanceof Failure ? why : new ConnectionLost(why.message);
      report({ event: "disconnected", code, message: why.message, remedy }, { target: target.name });
    },
    onReopened,
    onFailed,
  });
}
