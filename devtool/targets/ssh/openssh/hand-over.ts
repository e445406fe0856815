import type { SshTransport } from "../transport/transport.ts";
import { BeyondLibrary, NoOpenSsh } from "./beyond.ts";
import { dialOpenSsh } from "./dial.ts";
import type { OpenSshHost } from "./host.ts";

/**
 * Connects by the library, or where it can't log in and OpenSSH's own ssh is installed, by that.
 * @throws Failure of the one that tried last
 */
export async function dialByEither(
  host: OpenSshHost,
  byLibrary: (mayHandOver: boolean) => Promise<SshTransport>,
  notice: (text: string) => void,
  signal: AbortSignal,
): Promise<SshTransport> {
  try {
    return await byLibrary(true);
  } catch (error) {
    if (!(error instanceof BeyondLibrary)) throw error;
    return await dialOpenSsh(host, notice, signal).catch((failure: unknown) => {
      if (!(failure instanceof NoOpenSsh)) throw failure;
      notice(`${host.settings.alias}: ${error.message}, which takes OpenSSH's ssh, and that is not installed`);
      return byLibrary(false);
    });
  }
}
