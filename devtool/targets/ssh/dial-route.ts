import { Failure } from "../../failure.ts";
import { askLine, askPassphrase } from "./ask.ts";
import type { SshSettings } from "./config/settings.ts";
import { type HostKeyPolicy, hostKeyCheck } from "./keys/host-key.ts";
import { identitiesFor, type UnlockedKeys } from "./keys/identities.ts";
import type { SshDial, SshTransport } from "./transport.ts";

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
    for (const hop of hops) {
      const before = open.at(-1);
      const through = before && {
        channel: await before.connectTcp(hop.hostName, hop.port).catch(jumpFailure(hop)),
        closed: before.closed,
      };
      open.push(await dialOne(hop, through, unlocked, options, signal));
    }
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

async function dialOne(
  hop: SshSettings,
  through: SshDial["through"],
  unlocked: UnlockedKeys,
  options: DialOptions,
  signal: AbortSignal,
): Promise<SshTransport> {
  // Imported late: loading ssh2 takes longer than starting a command on the local target.
  const [{ dial }, { readKeys }] = await Promise.all([import("./transport.ts"), import("./keys/reader.ts")]);
  const policy = hostKeyPolicy(hop, options.acceptNewHostKey);
  const [hostKey, identities] = await Promise.all([
    hostKeyCheck(policy, askLine, options.notice),
    identitiesFor(hop, readKeys, unlocked, askPassphrase),
  ]);
  return await dial(
    {
      where: `${hop.hostName}:${hop.port}`,
      host: hop.hostName,
      port: hop.port,
      user: hop.user,
      hostKeyTypes: hostKey.knownTypes,
      verifyHostKey: hostKey.verify,
      identities,
      ...(through ? { through } : {}),
    },
    signal,
  );
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
