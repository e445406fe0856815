import { randomBytes } from "node:crypto";
import { ConnectionLost } from "../../failure.ts";
import { thisUser } from "../../process/user.ts";
import { agentFile } from "../agent-client/agent-file.ts";
import { sudoUse } from "../sudo.ts";
import type { Target } from "../target.ts";
import { parseHostSpec } from "./config/host-spec.ts";
import { sshSettings } from "./config/look-up.ts";
import type { SshSettings } from "./config/settings.ts";
import { sshConnection } from "./connection.ts";
import type { UnlockedKeys } from "./keys/file-identity.ts";
import { dialByEither } from "./openssh/hand-over.ts";
import { dialRoute } from "./route/dial-route.ts";
import { routeTo } from "./route/route.ts";
import { Leftovers } from "./session/leftovers.ts";
import { withFurtherConnections } from "./transport/further.ts";
import type { SshTransport } from "./transport/transport.ts";

export interface SshTargetOptions {
  readonly acceptNewHostKey: boolean;
  /** Instead of ~/.ssh/config. */
  readonly configFile: string | undefined;
  readonly sudo: boolean | undefined;
  /** Where the target's settings name its Node.js and its login shell. */
  readonly node?: string | undefined;
  readonly shell?: string | undefined;
  readonly notice: (text: string) => void;
}

/** @throws Failure when `host` is not a valid host */
export function sshTarget(name: string, host: string, options: SshTargetOptions): Target {
  const spec = parseHostSpec(host);
  const { configFile, notice } = options;
  const place = { file: configFile, home: thisUser().homedir, notice };
  const unlocked: UnlockedKeys = new Map();
  const dial = async (signal: AbortSignal) => {
    const route = await routeTo(spec, (hop) => sshSettings(hop, place));
    const settings = route.at(-1);
    if (!settings) throw new TypeError("a route without a host");
    const byLibrary = (mayHandOver: boolean) => dialRoute(name, route, unlocked, { ...options, mayHandOver }, signal);
    return await dialByEither({ ...options, name, spec, settings }, byLibrary, notice, signal);
  };
  return { name, kind: "ssh", sudo: options.sudo, connect: connector(name, dial, options) };
}

/** The same for one host whose settings are not OpenSSH's configuration; they are looked up again each time. */
export function connectorTo(
  where: string,
  settings: () => Promise<SshSettings>,
  options: Omit<SshTargetOptions, "configFile">,
): Target["connect"] {
  const unlocked: UnlockedKeys = new Map();
  const dial = async (signal: AbortSignal) =>
    await dialRoute(where, [await settings()], unlocked, { ...options, mayHandOver: false }, signal);
  return connector(where, dial, options);
}

/** Keys that a passphrase has unlocked stay unlocked from one connection to the next. */
function connector(
  where: string,
  dial: (signal: AbortSignal) => Promise<SshTransport>,
  { sudo, node, shell, notice }: Omit<SshTargetOptions, "configFile" | "acceptNewHostKey">,
): Target["connect"] {
  const client = randomBytes(8).toString("hex");
  const leftovers = new Leftovers();
  return async (signal) => {
    const agent = await agentFile();
    const first = await dial(signal);
    const closing = new AbortController();
    void first.closed.then(() => closing.abort(new ConnectionLost(`the connection to ${where} was closed`)));
    const transport = withFurtherConnections(first, () => dial(closing.signal));
    return sshConnection(transport, { where, agent, client, sudo: sudoUse(sudo), node, shell, notice, leftovers });
  };
}
