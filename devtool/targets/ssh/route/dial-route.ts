import { Failure } from "../../../failure.ts";
import type { SshSettings } from "../config/settings.ts";
import type { UnlockedKeys } from "../keys/file-identity.ts";
import type { SshTransport } from "../transport/transport.ts";
import { type DialOptions, dialHop, type Hop, prepareHop } from "./hop.ts";
import { startProxyCommand } from "./proxy-command.ts";

/**
 * Connects and logs in to each host of a route, the next through the one before; returns the last, which is the target `name`.
 * @throws Failure, BeyondLibrary
 */
export async function dialRoute(
  name: string,
  route: readonly SshSettings[],
  unlocked: UnlockedKeys,
  options: DialOptions,
  signal: AbortSignal,
): Promise<SshTransport> {
  const nameOf = (settings: SshSettings) => (settings === route.at(-1) ? name : undefined);
  const hops = await Promise.all(
    route.map((settings, index) => {
      // What is called localhost behind another host is not this machine.
      const anyHostKey = settings.anyHostKey && index === 0;
      return prepareHop({ ...settings, anyHostKey }, nameOf(settings), unlocked, options);
    }),
  );
  const open: SshTransport[] = [];
  try {
    for (const hop of hops) open.push(await dialNext(open.at(-1), hop, options, signal));
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
  hop: Hop,
  options: DialOptions,
  signal: AbortSignal,
): Promise<SshTransport> {
  const { hostName, port, proxyCommand } = hop.settings;
  if (before) {
    const channel = await before.connectTcp(hostName, port).catch(jumpFailure(hop.where));
    return await dialHop(hop, { kind: "jump host", channel, closed: before.closed }, options, signal);
  }
  return proxyCommand === undefined
    ? await dialHop(hop, undefined, options, signal)
    : await dialThrough(proxyCommand, hop, options, signal);
}

async function dialThrough(
  proxyCommand: string,
  hop: Hop,
  options: DialOptions,
  signal: AbortSignal,
): Promise<SshTransport> {
  const proxy = startProxyCommand(proxyCommand, hop.where, options.notice);
  try {
    const transport = await dialHop(hop, { kind: "proxy command", ...proxy }, options, signal);
    proxy.connected();
    void transport.closed.then(() => proxy.channel.destroy());
    return transport;
  } catch (error) {
    proxy.channel.destroy();
    throw error;
  }
}

function jumpFailure(where: string): (error: unknown) => never {
  return (error) => {
    throw new Failure(`the jump host can't reach ${where}: ${error instanceof Error ? error.message : String(error)}`, {
      code: "target-unreachable",
      remedy: "check HostName, Port and ProxyJump, and AllowTcpForwarding on the jump host",
      exitCode: 2,
      cause: error,
    });
  };
}
