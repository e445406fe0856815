import type { Ask } from "../log-in/ask.ts";
import { type FileIdentity, fileIdentity, type UnlockedKeys } from "./file-identity.ts";
import type { Identity, KeyReader } from "./key.ts";

export interface IdentitySettings {
  /** In the order of the configuration. */
  readonly identityFiles: readonly string[];
  readonly namesIdentityFiles: boolean;
  readonly identitiesOnly: boolean;
  /** undefined if no agent is used. */
  readonly agentSocket: string | undefined;
}

export interface Identities {
  /** In the order to offer them. */
  readonly offered: readonly Identity[];
  /** Files with a public key whose private key is nowhere. */
  readonly withoutPrivateKey: readonly string[];
  /** Files that the configuration names and that are not there, nor a public key beside them. */
  readonly missing: readonly string[];
  /** Files that are there, and may have a key that only OpenSSH can read. */
  readonly unreadable: readonly string[];
  /** Where an agent was to be asked for keys, and none answers. */
  readonly silentAgent: string | undefined;
}

/**
 * The keys to offer, in OpenSSH's order: the configured ones that the agent has, the agent's others unless
 * IdentitiesOnly, then the configured ones that are only files. A passphrase is asked for only once the server accepts
 * the key.
 */
export async function identitiesFor(
  settings: IdentitySettings,
  keys: KeyReader,
  unlocked: UnlockedKeys,
  ask: Ask,
): Promise<Identities> {
  const { agentKeys, silentAgent } = await keysInAgent(settings.agentSocket, keys);
  const inAgent = agentKeys.map((key) => ({ ...key, name: `agent: ${key.comment || "key without a comment"}` }));
  const { found: inFiles, unreadable, missing } = await fileIdentities(settings.identityFiles, keys, unlocked, ask);
  const same = (a: PublicKey) => (b: PublicKey) => a.publicKey.equals(b.publicKey);
  const configured = inFiles.flatMap((file) => inAgent.filter(same(file)));
  const others = settings.identitiesOnly ? [] : inAgent.filter((key) => !inFiles.some(same(key)));
  const onlyInFiles = inFiles.filter((file) => !inAgent.some(same(file)));
  return {
    offered: [...configured, ...others, ...onlyInFiles.flatMap(signing)],
    unreadable,
    silentAgent,
    missing: settings.namesIdentityFiles ? missing : [],
    withoutPrivateKey: onlyInFiles.filter(({ sign }) => sign === undefined).map(({ file }) => file),
  };
}

async function keysInAgent(
  socket: string | undefined,
  keys: KeyReader,
): Promise<{ readonly agentKeys: Awaited<ReturnType<KeyReader["agentKeys"]>> } & Pick<Identities, "silentAgent">> {
  try {
    return { agentKeys: socket === undefined ? [] : await keys.agentKeys(socket), silentAgent: undefined };
  } catch {
    return { agentKeys: [], silentAgent: socket };
  }
}

type PublicKey = Pick<Identity, "publicKey">;

function signing({ file, publicKey, sign }: FileIdentity): Identity[] {
  return sign ? [{ name: file, publicKey, sign }] : [];
}

async function fileIdentities(
  files: readonly string[],
  keys: KeyReader,
  unlocked: UnlockedKeys,
  ask: Ask,
): Promise<{ readonly found: readonly FileIdentity[] } & Pick<Identities, "unreadable" | "missing">> {
  const found: FileIdentity[] = [];
  const unreadable: string[] = [];
  const missing: string[] = [];
  for (const file of files) {
    const { identity, isUnreadable } = await fileIdentity(file, keys, unlocked, ask);
    if (isUnreadable) unreadable.push(file);
    else if (!identity) missing.push(file);
    if (!identity) continue;
    const same = found.findIndex(({ publicKey }) => publicKey.equals(identity.publicKey));
    if (same === -1) found.push(identity);
    else if (!found[same]?.sign) found[same] = identity;
  }
  return { found, unreadable, missing };
}
