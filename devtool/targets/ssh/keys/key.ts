/** A key to offer, which can sign when the server accepts it. */
export interface Identity {
  /** For messages: the file, or the comment that ssh-agent has for it. */
  readonly name: string;
  /** In SSH's wire format. */
  readonly publicKey: Buffer;
  /** `hash` is for RSA keys: sha256, sha512. */
  sign(data: Buffer, hash: string | undefined): Promise<Buffer>;
}

/** An agent has the key and does not sign with it, as when a person has not confirmed it. */
export class Unsigned extends Error {
  override readonly name = "Unsigned";
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

/** A public key in SSH's wire format begins with its type. */
export function keyType(publicKey: Buffer): string {
  return publicKey.subarray(4, 4 + publicKey.readUInt32BE(0)).toString("latin1");
}
