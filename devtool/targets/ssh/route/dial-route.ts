import { Failure } from "../../../failure.ts";
import type { SshSettings } from "../config/settings.ts";
import type { UnlockedKeys } from "../keys/file-identity.ts";
import { type HostKeyPolicy, hostKeyCheck } from "../keys/host-key.ts";
import { identitiesFor } from "../keys/identities.ts";
import { askOnTerminal } from "../log-in/ask.ts";
import type { SshDial } from "../transport/client.ts";
import type { SshTransport } from "../transport/transport.ts";
import { startProxyCommand } from "./proxy-command.ts";

export interface DialOptions {
  readonly acceptNewHostKey: boolean;
  readonly notice: (text: string) => void;
}

/** Connects and logs in to each host of a route, the next through the one before; returns the last. @throws Failure */
export async function dialRoute(
  hops: readonly SshSettings[],
  unlocked: UnlockedKeys,
  options: DialOptions,
  signal: AbortSignal,
): Promise<SshTransport> {
  const open: SshTransport[] = [];
  try {
    for (const hop of hops) open.push(await dialNext(open.at(-1), hop, unlocked, options, signal));
  } catch (error) {
    for (const transport of open) transport.close();
    throw error;
  }
  const last = open.pop();
  if (!last) throw new TypeError("a route without a host");
  // The target's connection ends with its jump hosts'. Theirs are closed here when it ends.
  void last.closed.then(() => open.reverse().forEach((transport) => void transport.close()));
  return last;
}

async function dialNext(
  before: SshTransport | undefined,
  hop: SshSettings,
  unlocked: UnlockedKeys,
  options: DialOptions,
  signal: AbortSignal,
): Promise<SshTransport> {
  if (before) {
    const channel = await before.connectTcp(hop.hostName, hop.port).catch(jumpFailure(hop));
    return await dialOne(hop, { kind: "jump host", channel, closed: before.closed }, unlocked, options, signal);
  }
  if (hop.proxyCommand === undefined) return await dialOne(hop, undefined, unlocked, options, signal);
  const proxy = startProxyCommand(hop.proxyCommand, whereOf(hop), options.notice);
  try {
    const transport = await dialOne(hop, { kind: "proxy command", ...proxy }, unlocked, options, signal);
    proxy.connected();
    void transport.closed.then(() => proxy.channel.destroy());
    return transport;
  } catch (error) {
    proxy.channel.destroy();
    throw error;
  }
}

async function dialOne(
  hop: SshSettings,
  through: SshDial["through"],
  unlocked: UnlockedKeys,
  { acceptNewHostKey, notice }: DialOptions,
  signal: AbortSignal,
): Promise<SshTransport> {
  // Imported late: loading ssh2 takes longer than starting a command on the local target.
  const [{ dial }, { readKeys }] = await Promise.all([import("../transport/client.ts"), import("../keys/reader.ts")]);
  const ask = hop.logIn.batch ? askNobody : askOnTerminal;
  const [hostKey, identities] = await Promise.all([
    hostKeyCheck(hostKeyPolicy(hop, acceptNewHostKey), ask, notice),
    identitiesFor(hop, readKeys, unlocked, ask),
  ]);
  return await dial(
    {
      ...hop,
      where: whereOf(hop),
      host: hop.hostName,
      hostKeyTypes: hostKey.knownTypes,
      verifyHostKey: hostKey.verify,
      identities: identities.offered,
      withoutPrivateKey: identities.withoutPrivateKey,
      ask,
      notice,
      ...(through ? { through } : {}),
    },
    signal,
  );
}

const askNobody = async () => undefined;

function whereOf({ hostName, port }: SshSettings): string {
  return `${hostName}:${port}`;
}

function hostKeyPolicy(hop: SshSettings, acceptNew: boolean): HostKeyPolicy {
  return {
    host: hop.hostKeyAlias ?? hop.hostName,
    port: hop.hostKeyAlias === undefined ? hop.port : 22,
    userFiles: hop.userKnownHostsFiles,
    globalFiles: hop.globalKnownHostsFiles,
    hashed: hop.hashKnownHosts,
    newKeys: acceptNew ? "accept" : hop.newHostKeys,
  };
}

function jumpFailure(hop: SshSettings): (error: unknown) => never {
  return (error) => {
    throw new Failure(
      `the jump host can't reach ${hop.hostName}:${hop.port}: ${error instanceof Error ? error.message : String(error)}`,
      {
        code: "target-unreachable",
        remedy: "check HostName, Port and ProxyJump, and AllowTcpForwarding on the jump host",
        exitCode: 2,
        cause: error,
      },
    );
  };
}
