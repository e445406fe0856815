import { randomBytes } from "node:crypto";
import { userInfo } from "node:os";
import { agentFile } from "../agent-client/agent-file.ts";
import { sudoUse } from "../sudo.ts";
import type { Target } from "../target.ts";
import { parseHostSpec } from "./config/host-spec.ts";
import { sshSettings } from "./config/look-up.ts";
import type { SshSettings } from "./config/settings.ts";
import { sshConnection } from "./connection.ts";
import type { UnlockedKeys } from "./keys/file-identity.ts";
import { dialRoute } from "./route/dial-route.ts";
import { routeTo } from "./route/route.ts";

export interface SshTargetOptions {
  readonly acceptNewHostKey: boolean;
  /** Instead of ~/.ssh/config. */
  readonly configFile: string | undefined;
  readonly sudo: boolean | undefined;
  readonly notice: (text: string) => void;
}

/** @throws Failure when `host` is not a valid host */
export function sshTarget(name: string, host: string, options: SshTargetOptions): Target {
  const spec = parseHostSpec(host);
  const place = { file: options.configFile, home: userInfo().homedir, notice: options.notice };
  const route = () => routeTo(spec, (hop) => sshSettings(hop, place));
  return { name, kind: "ssh", connect: connector(name, route, options) };
}

/** Connects along a route, which is looked up again each time. Keys that a passphrase has unlocked stay unlocked. */
export function connector(
  where: string,
  route: () => Promise<readonly SshSettings[]>,
  options: Omit<SshTargetOptions, "configFile">,
): Target["connect"] {
  const unlocked: UnlockedKeys = new Map();
  const client = randomBytes(8).toString("hex");
  const sudo = sudoUse(options.sudo);
  return async (signal) => {
    const [agent, hops] = await Promise.all([agentFile(), route()]);
    const transport = await dialRoute(hops, unlocked, options, signal);
    return sshConnection(transport, { where, agent, client, sudo, notice: options.notice });
  };
}
