import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import type { PrivateKey } from "./key.ts";

/** A key as openssl and clouds write it, which the SSH library can't read. */
export type PemKey =
  /** The same as the library reads it. */
  Buffer | PrivateKey | "locked" | "wrong passphrase" | "unusable";

/** PKCS #8, also encrypted, and what else OpenSSL reads. */
export function parsePem(file: Buffer, passphrase: string | undefined): PemKey {
  if (passphrase === undefined && file.includes("BEGIN ENCRYPTED PRIVATE KEY")) return "locked";
  try {
    const key = createPrivateKey({ key: file, format: "pem", ...(passphrase === undefined ? {} : { passphrase }) });
    if (key.asymmetricKeyType === "rsa") return Buffer.from(key.export({ type: "pkcs1", format: "pem" }));
    if (key.asymmetricKeyType === "ec") return Buffer.from(key.export({ type: "sec1", format: "pem" }));
    return key.asymmetricKeyType === "ed25519" ? ed25519(key) : "unusable";
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    return code === "ERR_OSSL_BAD_DECRYPT" ? "wrong passphrase" : "unusable";
  }
}

function ed25519(key: KeyObject): PrivateKey {
  const { x = "" } = key.export({ format: "jwk" });
  const publicKey = Buffer.concat([Buffer.from("ssh-ed25519"), Buffer.from(x, "base64url")].map(withLength));
  return { publicKey, sign: async (data) => sign(null, data, key) };
}

/** A string of SSH's wire format. */
function withLength(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
