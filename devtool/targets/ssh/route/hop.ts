import type { SshSettings } from "../config/settings.ts";
import type { UnlockedKeys } from "../keys/file-identity.ts";
import { type HostKeyCheck, type HostKeyPolicy, hostKeyCheck } from "../keys/host-key.ts";
import { type Identities, identitiesFor } from "../keys/identities.ts";
import { type Ask, askPerson } from "../log-in/ask.ts";
import { BeyondLibrary } from "../openssh/beyond.ts";
import { needsOpenSsh } from "../openssh/need.ts";
import type { SshDial } from "../transport/dial.ts";
import type { SshTransport } from "../transport/transport.ts";

export interface DialOptions {
  readonly acceptNewHostKey: boolean;
  /** OpenSSH's own ssh may connect instead, where the library can't: BeyondLibrary. */
  readonly mayHandOver: boolean;
  readonly notice: (text: string) => void;
}

/** One host of a route, with what its login takes. */
export interface Hop {
  readonly settings: SshSettings;
  /** `host:port`, for messages about how it is reached. */
  readonly where: string;
  /** For messages about a connection that was open: the target's, or the same. */
  readonly name: string;
  readonly hostKey: HostKeyCheck;
  readonly identities: Identities;
  readonly ask: Ask;
  /** Takes back what is still asked. */
  readonly withdraw: () => void;
}

/** Reads keys and known hosts. @throws Failure, BeyondLibrary */
export async function prepareHop(
  settings: SshSettings,
  name: string | undefined,
  unlocked: UnlockedKeys,
  options: DialOptions,
): Promise<Hop> {
  // Imported late: loading ssh2 takes longer than starting a command on the local target.
  const { readKeys } = await import("../keys/reader.ts");
  const asking = new AbortController();
  const ask = settings.logIn.batch ? askNobody : askPerson(asking.signal);
  const where = `${settings.hostName}:${settings.port}`;
  const hostKey = await hostKeyCheck(hostKeyPolicy(settings, options.acceptNewHostKey), ask, options.notice);
  if (options.mayHandOver) {
    if (hostKey.isCertified) throw new BeyondLibrary("a certificate authority vouches for its key (@cert-authority)");
    const [need] = await needsOpenSsh(settings);
    if (need !== undefined) throw new BeyondLibrary(need);
  }
  const identities = await identitiesFor(settings, readKeys, unlocked, ask);
  const [unreadable] = identities.offered.length === 0 ? identities.unreadable : [];
  if (options.mayHandOver && unreadable !== undefined)
    throw new BeyondLibrary(`${unreadable} has no key that can be read`);
  return { settings, where, name: name ?? where, hostKey, identities, ask, withdraw: () => asking.abort() };
}

/** Connects and logs in. @throws Failure, BeyondLibrary */
export async function dialHop(
  { settings, where, name, hostKey, identities, ask, withdraw }: Hop,
  through: SshDial["through"],
  { mayHandOver, notice }: DialOptions,
  signal: AbortSignal,
): Promise<SshTransport> {
  const { dial } = await import("../transport/client.ts");
  const dialled = dial(
    {
      ...settings,
      where,
      name,
      host: settings.hostName,
      hostKeyTypes: hostKey.knownTypes,
      verifyHostKey: hostKey.verify,
      identities: identities.offered,
      withoutPrivateKey: identities.withoutPrivateKey,
      missingKeys: identities.missing,
      silentAgent: identities.silentAgent,
      mayHandOver,
      ask,
      notice,
      ...(through ? { through } : {}),
    },
    signal,
  );
  dialled.catch(withdraw);
  return await dialled;
}

const askNobody = async () => undefined;

function hostKeyPolicy(settings: SshSettings, acceptNew: boolean): HostKeyPolicy {
  return {
    anyKey: settings.anyHostKey,
    host: settings.hostKeyAlias ?? settings.hostName,
    port: settings.hostKeyAlias === undefined ? settings.port : 22,
    userFiles: settings.userKnownHostsFiles,
    globalFiles: settings.globalKnownHostsFiles,
    hashed: settings.hashKnownHosts,
    newKeys: acceptNew ? "accept" : settings.newHostKeys,
  };
}
