import { readFile } from "node:fs/promises";
import { Failure } from "../../../failure.ts";
import type { AskPassphrase } from "../ask.ts";

/** As OpenSSH's NumberOfPasswordPrompts. */
const PASSPHRASE_ATTEMPTS_MAX = 3;

/** A key to offer, which can sign when the server accepts it. */
export interface Identity {
  /** For messages: the file, or the comment that ssh-agent has for it. */
  readonly name: string;
  /** In SSH's wire format. */
  readonly publicKey: Buffer;
  /** `hash` is for RSA keys: sha256, sha512. */
  sign(data: Buffer, hash: string | undefined): Promise<Buffer>;
}

export type PrivateKey = Pick<Identity, "publicKey" | "sign">;

/** SSH's key formats and agent protocol, which the SSH library implements. */
export interface KeyReader {
  parse(
    file: Buffer,
    passphrase?: string,
  ): PrivateKey | { readonly publicKey: Buffer; readonly sign: undefined } | "locked" | "wrong passphrase" | "unusable";
  agentKeys(socketPath: string): Promise<readonly (PrivateKey & { readonly comment: string })[]>;
}

export interface IdentitySettings {
  /** In the order of the configuration; missing files are ignored. */
  readonly identityFiles: readonly string[];
  readonly identitiesOnly: boolean;
  /** undefined if no agent is used. */
  readonly agentSocket: string | undefined;
}

/** File → unlocked key, so that a reconnect does not ask for the passphrase again. */
export type UnlockedKeys = Map<string, PrivateKey>;

/**
 * The keys to offer, in OpenSSH's order: the configured ones that the agent has, the agent's others unless
 * IdentitiesOnly, then the configured ones that are only files. A passphrase is asked for only once the server accepts
 * the key.
 */
export async function identitiesFor(
  settings: IdentitySettings,
  keys: KeyReader,
  unlocked: UnlockedKeys,
  ask: AskPassphrase,
): Promise<Identity[]> {
  const agentKeys = settings.agentSocket ? await keys.agentKeys(settings.agentSocket).catch(() => []) : [];
  const inAgent = agentKeys.map((key) => ({ ...key, name: `agent: ${key.comment || "key without a comment"}` }));
  const inFiles = await fileIdentities(settings.identityFiles, keys, unlocked, ask);
  const same = (a: Identity) => (b: Identity) => a.publicKey.equals(b.publicKey);
  const configured = inFiles.flatMap((file) => inAgent.filter(same(file)));
  const others = settings.identitiesOnly ? [] : inAgent.filter((key) => !inFiles.some(same(key)));
  return [...configured, ...others, ...inFiles.filter((file) => !inAgent.some(same(file)))];
}

async function fileIdentities(
  files: readonly string[],
  keys: KeyReader,
  unlocked: UnlockedKeys,
  ask: AskPassphrase,
): Promise<Identity[]> {
  const found: Identity[] = [];
  for (const file of files) {
    const content = await readFile(file).catch(() => undefined);
    if (!content) continue;
    const parsed = keys.parse(content);
    if (typeof parsed === "object" && parsed.sign) found.push({ name: file, ...parsed });
    else if (parsed === "locked") {
      const publicKey =
        (await publicPart(file, content, keys)) ?? (await unlock(file, content, keys, unlocked, ask)).publicKey;
      const sign: Identity["sign"] = async (data, hash) =>
        (await unlock(file, content, keys, unlocked, ask)).sign(data, hash);
      found.push({ name: file, publicKey, sign });
    }
  }
  return found;
}

/**
 * From FILE.pub, else from the header of OpenSSH's private key format, which is not encrypted; older formats have none.
 */
async function publicPart(file: string, content: Buffer, keys: KeyReader): Promise<Buffer | undefined> {
  const beside = await readFile(`${file}.pub`).catch(() => undefined);
  const parsed = beside && keys.parse(beside);
  if (typeof parsed === "object") return parsed.publicKey;
  return publicPartOfOpenSshKey(content.toString("latin1"));
}

/** openssh-key-v1 (OpenSSH's PROTOCOL.key): magic, cipher, kdf, kdf options, number of keys, public key, … */
export function publicPartOfOpenSshKey(pem: string): Buffer | undefined {
  const base64 = /-----BEGIN OPENSSH PRIVATE KEY-----([\s\S]*?)-----END/.exec(pem)?.[1];
  if (base64 === undefined) return undefined;
  const bytes = Buffer.from(base64, "base64");
  let at = "openssh-key-v1\0".length;
  const field = () => {
    if (at + 4 > bytes.length) return undefined;
    const length = bytes.readUInt32BE(at);
    const start = at + 4;
    at = start + length;
    return at <= bytes.length ? bytes.subarray(start, at) : undefined;
  };
  for (const _cipherKdfOptions of [0, 1, 2]) if (!field()) return undefined;
  at += 4;
  return field();
}

async function unlock(
  file: string,
  content: Buffer,
  keys: KeyReader,
  unlocked: UnlockedKeys,
  ask: AskPassphrase,
): Promise<PrivateKey> {
  const before = unlocked.get(file);
  if (before) return before;
  const remedy = `add it to ssh-agent: ssh-add ${file}`;
  for (let attempt = 1; attempt <= PASSPHRASE_ATTEMPTS_MAX; attempt++) {
    const passphrase = await ask(`Passphrase for ${file}: `);
    if (passphrase === undefined) {
      throw new Failure(`${file} needs a passphrase, and there is no terminal to ask on`, {
        code: "key-locked",
        remedy,
        exitCode: 2,
      });
    }
    const parsed = keys.parse(content, passphrase);
    if (typeof parsed === "object" && parsed.sign) {
      unlocked.set(file, parsed);
      return parsed;
    }
  }
  throw new Failure(`${file}: ${PASSPHRASE_ATTEMPTS_MAX} wrong passphrases`, {
    code: "key-locked",
    remedy,
    exitCode: 2,
  });
}
