import { BaseAgent, createAgent, type ParsedKey, parseSshKey } from "../transport/ssh2.ts";
import { type Identity, type KeyReader, keyType, type PrivateKey, Unsigned } from "./key.ts";
import { parsePem } from "./pem.ts";

/** One key as an ssh2 agent: it offers the public key, and signs only if the server accepts it. */
export class OfferedIdentity extends BaseAgent {
  readonly #identity: Identity;
  readonly #pauseDuring: <T>(work: Promise<T>) => Promise<T>;
  #signed = false;
  #unsigned = false;

  constructor(identity: Identity, pauseDuring: <T>(work: Promise<T>) => Promise<T>) {
    super();
    this.#identity = identity;
    this.#pauseDuring = pauseDuring;
  }

  /** The server has accepted the key, and has its signature. */
  get signed(): boolean {
    return this.#signed;
  }

  /** The server has accepted the key, and its agent does not sign. */
  get unsigned(): boolean {
    return this.#unsigned;
  }

  override getIdentities(done: (error: Error | undefined, keys?: string[]) => void): void {
    const { publicKey } = this.#identity;
    done(undefined, [`${keyType(publicKey)} ${publicKey.toString("base64")}`]);
  }

  override sign(_key: unknown, data: unknown, options: unknown, done?: unknown): void {
    const answer = done as (error: Error | undefined, signature?: Buffer) => void;
    const { hash } = options as { readonly hash?: string };
    this.#pauseDuring(this.#identity.sign(data as Buffer, hash)).then(
      (signature) => {
        this.#signed = true;
        answer(undefined, signature);
      },
      (error: unknown) => {
        this.#unsigned = error instanceof Unsigned;
        answer(error instanceof Error ? error : new Error(String(error)));
      },
    );
  }
}

export const readKeys: KeyReader = {
  parse(file, passphrase) {
    const parsed = parseKey(file, passphrase);
    if (parsed instanceof Error) {
      if (/no passphrase given|needs a passphrase/i.test(parsed.message)) return "locked";
      if (/integrity check failed|bad decrypt|bad passphrase/i.test(parsed.message)) return "wrong passphrase";
      const pem = parsePem(file, passphrase);
      return Buffer.isBuffer(pem) ? readKeys.parse(pem) : pem;
    }
    return parsed.isPrivateKey() ? privateKey(parsed) : { publicKey: parsed.getPublicSSH(), sign: undefined };
  },
  async agentKeys(socketPath) {
    const agent = createAgent(socketPath);
    const keys = await new Promise<readonly unknown[]>((resolve, reject) => {
      agent.getIdentities((error, found) => (error ? reject(error) : resolve(found ?? [])));
    });
    return keys.flatMap((found) => {
      const key = parseKey(found as ParsedKey);
      if (key instanceof Error) return [];
      const sign = (data: Buffer, hash: string | undefined) =>
        new Promise<Buffer>((resolve, reject) => {
          agent.sign(key, data, hash ? { hash: hash as "sha256" } : {}, (error, signature) =>
            signature ? resolve(signature) : reject(new Unsigned(error?.message, { cause: error })),
          );
        });
      return [{ publicKey: key.getPublicSSH(), comment: key.comment, sign }];
    });
  },
};

/** For OpenSSH's key format ssh2 returns an array of one key, which its types don't say. */
function parseKey(key: Buffer | ParsedKey, passphrase?: string): ParsedKey | Error {
  const parsed: ParsedKey | Error | readonly ParsedKey[] = parseSshKey(key, passphrase);
  return Array.isArray(parsed) ? (parsed[0] ?? new Error("no key")) : (parsed as ParsedKey | Error);
}

function privateKey(parsed: ParsedKey): PrivateKey {
  return {
    publicKey: parsed.getPublicSSH(),
    async sign(data, hash) {
      const signature: Buffer | Error = parsed.sign(data, hash);
      if (signature instanceof Error) throw signature;
      return signature;
    },
  };
}
