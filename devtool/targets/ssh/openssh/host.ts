import type { HostSpec } from "../config/host-spec.ts";
import type { SshSettings } from "../config/settings.ts";

/** A host as ssh is asked for it. */
export interface OpenSshHost {
  /** The target's, for messages about a connection that was open. */
  readonly name: string;
  readonly spec: HostSpec;
  /** Instead of ~/.ssh/config. */
  readonly configFile: string | undefined;
  readonly settings: SshSettings;
  readonly acceptNewHostKey: boolean;
}

/** As the library's: a connection counts as lost after 2 unanswered probes, one every 5 s. */
const KEEPALIVE = ["ServerAliveInterval=5", "ServerAliveCountMax=2"];
const CONNECT_TIMEOUT = "ConnectTimeout=10";

/** ssh's arguments before the host. `control`: the socket that one connection is shared by; undefined: it is not. */
export function hostArguments(host: OpenSshHost, control: string | undefined): string[] {
  const { spec, configFile, settings, acceptNewHostKey } = host;
  const options = [
    "RemoteCommand=none",
    "ClearAllForwardings=yes",
    "ControlPersist=no",
    `ControlPath=${control ?? "none"}`,
    ...(settings.serverAlive ? [] : KEEPALIVE),
    ...(settings.connectTimeoutMs === undefined && settings.proxyCommand === undefined ? [CONNECT_TIMEOUT] : []),
    // Values that make ssh accept a changed key accept only new ones here.
    ...(acceptNewHostKey || settings.newHostKeys === "accept" ? ["StrictHostKeyChecking=accept-new"] : []),
  ];
  return [
    ...(configFile === undefined ? [] : ["-F", configFile]),
    ...(spec.user === undefined ? [] : ["-l", spec.user]),
    ...(spec.port === undefined ? [] : ["-p", String(spec.port)]),
    ...options.flatMap((option) => ["-o", option]),
  ];
}
