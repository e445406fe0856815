import { randomBytes } from "node:crypto";
import { userInfo } from "node:os";
import { Failure } from "../../failure.ts";
import { agentFile } from "../agent-client/agent-file.ts";
import { type SudoUse, sudoUse } from "../sudo.ts";
import type { Connection, Target } from "../target.ts";
import { askLine, askPassphrase } from "./ask.ts";
import { type SshSettings, sshSettings } from "./config.ts";
import { sshConnection } from "./connection.ts";
import { type HostKeyPolicy, hostKeyCheck } from "./host-key.ts";
import { type HostSpec, parseHostSpec } from "./host-spec.ts";
import { identitiesFor, type UnlockedKeys } from "./identities.ts";
import type { SshDial, SshTransport } from "./transport.ts";

/** Jump hosts before the target, those of jump hosts included. */
const JUMPS_MAX = 8;

export interface SshTargetOptions {
  readonly acceptNewHostKey: boolean;
  /** Instead of ~/.ssh/config. */
  readonly configFile: string | undefined;
  readonly sudo: boolean | undefined;
  readonly notice: (text: string) => void;
}

/** @throws Failure when `host` is none */
export function sshTarget(name: string, host: string, options: SshTargetOptions): Target {
  const spec = parseHostSpec(host);
  const place = { file: options.configFile, home: userInfo().homedir, notice: options.notice };
  const route = () => routeTo(spec, (hop) => sshSettings(hop, place));
  return { name, kind: "ssh", connect: connector(name, route, options) };
}

interface ConnectorOptions {
  readonly acceptNewHostKey: boolean;
  readonly sudo: boolean | undefined;
  readonly notice: (text: string) => void;
}

/** Connects along a route, which is asked for anew at each time; what a person was asked is remembered. */
export function connector(
  where: string,
  route: () => Promise<readonly SshSettings[]>,
  options: ConnectorOptions,
): Target["connect"] {
  const unlocked: UnlockedKeys = new Map();
  const client = randomBytes(8).toString("hex");
  const sudo: SudoUse = sudoUse(options.sudo);
  return async (signal): Promise<Connection> => {
    const [agent, hops] = await Promise.all([agentFile(), route()]);
    const transport = await dialAll(hops, unlocked, options, signal);
    return sshConnection(transport, { where, agent, client, sudo, notice: options.notice });
  };
}

/**
 * The hosts to go through, the target last. As OpenSSH: only the first jump host's own ProxyJump is followed, since the
 * others are reached through the one before them.
 */
export async function routeTo(
  spec: HostSpec,
  settingsOf: (spec: HostSpec) => Promise<SshSettings>,
  jumps = 0,
): Promise<SshSettings[]> {
  const settings = await settingsOf(spec);
  if (settings.proxyCommand !== undefined && settings.proxyJump === undefined) throw proxyCommandRefused(settings);
  if (settings.proxyJump === undefined) return [settings];
  const [first, ...others] = settings.proxyJump.split(",").map((jump) => parseHostSpec(jump.trim()));
  if (!first) return [settings];
  if (jumps + others.length >= JUMPS_MAX) {
    throw new Failure(`${settings.alias} is reached through more than ${JUMPS_MAX} jump hosts`, {
      code: "ssh-config-invalid",
      remedy: "look for a loop of ProxyJump in the SSH configuration",
      exitCode: 2,
    });
  }
  // `Host *` with a ProxyJump also matches the jump host itself, which is then reached directly.
  const toSelf = first.host === spec.host && (first.port ?? settings.port) === settings.port;
  if (toSelf) return [settings];
  const before = await routeTo(first, settingsOf, jumps + 1 + others.length);
  const between = await Promise.all(others.map(settingsOf));
  return [...before, ...between, settings];
}

async function dialAll(
  hops: readonly SshSettings[],
  unlocked: UnlockedKeys,
  options: ConnectorOptions,
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
  // The target's connection ends with its jump hosts' by itself; they end with it here.
  void last.closed.then(() => open.reverse().forEach((transport) => void transport.close()));
  return last;
}

async function dialOne(
  hop: SshSettings,
  through: SshDial["through"],
  unlocked: UnlockedKeys,
  options: ConnectorOptions,
  signal: AbortSignal,
): Promise<SshTransport> {
  // ssh2 takes longer to load than a local run needs to begin.
  const [{ dial }, { readKeys }] = await Promise.all([import("./transport.ts"), import("./keys.ts")]);
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

function proxyCommandRefused(settings: SshSettings): Failure {
  return new Failure(`${settings.alias} has a ProxyCommand, which is not supported`, {
    code: "ssh-config-invalid",
    remedy: "use ProxyJump for it in the SSH configuration",
    exitCode: 2,
  });
}
