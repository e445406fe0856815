import { readFile } from "node:fs/promises";
import { Failure } from "../../../failure.ts";
import { errnoOf } from "../../../process/errno.ts";
import type { Ask } from "../log-in/ask.ts";
import type { Identity, KeyReader, PrivateKey } from "./key.ts";

/** As OpenSSH's NumberOfPasswordPrompts. */
const PASSPHRASE_ATTEMPTS_MAX = 3;

/** File → unlocked key, so that a reconnect does not ask for the passphrase again. */
export type UnlockedKeys = Map<string, PrivateKey>;

/** What a file of the configuration gives: a key that can sign, or a public key whose private one an agent may have. */
export interface FileIdentity {
  readonly file: string;
  readonly publicKey: Buffer;
  /** A passphrase is asked for only when it signs. */
  readonly sign: Identity["sign"] | undefined;
}

/** For IdentityFile: the private key FILE, or where it is missing, can't be read or is only a public key, its public part. */
export async function fileIdentity(
  file: string,
  keys: KeyReader,
  unlocked: UnlockedKeys,
  ask: Ask,
): Promise<{ readonly identity: FileIdentity | undefined; readonly isUnreadable: boolean }> {
  const read = await readFile(file).catch((error: unknown) => errnoOf(error));
  const content = typeof read === "object" ? read : undefined;
  const parsed = content && keys.parse(content);
  if (content && parsed === "locked") {
    const unlockIt = () => unlock(file, content, keys, unlocked, ask);
    const publicKey = (await publicPart(file, content, keys)) ?? (await unlockIt()).publicKey;
    const sign: PrivateKey["sign"] = async (data, hash) => (await unlockIt()).sign(data, hash);
    return { identity: { file, publicKey, sign }, isUnreadable: false };
  }
  if (typeof parsed === "object") return { identity: { file, ...parsed }, isUnreadable: false };
  const publicKey = await publicKeyIn(`${file}.pub`, keys);
  const isUnreadable = read !== "ENOENT" && read !== "ENOTDIR";
  return { identity: publicKey && { file, publicKey, sign: undefined }, isUnreadable };
}

async function publicKeyIn(file: string, keys: KeyReader): Promise<Buffer | undefined> {
  const content = await readFile(file).catch(() => undefined);
  const parsed = content && keys.parse(content);
  return typeof parsed === "object" ? parsed.publicKey : undefined;
}

/**
 * From FILE.pub, else from the header of OpenSSH's private key format, which is not encrypted; older formats have none.
 */
async function publicPart(file: string, content: Buffer, keys: KeyReader): Promise<Buffer | undefined> {
  return (await publicKeyIn(`${file}.pub`, keys)) ?? publicPartOfOpenSshKey(content.toString("latin1"));
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
  ask: Ask,
): Promise<PrivateKey> {
  const before = unlocked.get(file);
  if (before) return before;
  const remedy = `add it to ssh-agent: ssh-add ${file}`;
  for (let attempt = 1; attempt <= PASSPHRASE_ATTEMPTS_MAX; attempt++) {
    const passphrase = await ask(`Passphrase for ${file}: `, false);
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
