import { Failure } from "../../../failure.ts";
import type { SshTransport } from "./transport.ts";

/**
 * A transport that runs a session on a further connection where its own may have no more (MaxSessions): `dialAgain`
 * opens it, and it ends with the session.
 */
export function withFurtherConnections(first: SshTransport, dialAgain: () => Promise<SshTransport>): SshTransport {
  const session: SshTransport["session"] = async (command, terminal) => {
    try {
      return await first.session(command, terminal);
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== "channel-refused") throw error;
    }
    const another = await dialAgain();
    void first.closed.then(() => another.close());
    try {
      const opened = await another.session(command, terminal);
      opened.channel.once("close", () => another.close());
      return opened;
    } catch (error) {
      another.close();
      throw error;
    }
  };
  return {
    session,
    connectUnix: (path) => first.connectUnix(path),
    connectTcp: (host, port) => first.connectTcp(host, port),
    listen: (at, onConnection) => first.listen(at, onConnection),
    closed: first.closed,
    close: (reason) => first.close(reason),
  };
}
