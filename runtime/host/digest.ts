import { createHash } from "node:crypto";
import type { Shim } from "./shim.ts";

export interface Digest {
  /** The bytes must not change until it is done. One is added after the other. */
  add(bytes: Uint8Array): Promise<void>;
  /** What all of them have. */
  hex(): string;
}

/** As in native/shim.h. */
const STATE_BYTES = 128;
const SHA256_BYTES = 32;

/** With the shim, SHA-256 takes another thread's time, not this one's. */
export function openDigest(algorithm: string, shim?: Shim): Digest {
  const state = new Uint8Array(STATE_BYTES);
  if (!shim || algorithm !== "sha256" || shim.digestBegin(state) !== 0) return digestHere(algorithm);
  return {
    add: async (bytes) => {
      if ((await shim.digestAdd(state, bytes)) !== 0) throw new Error("out of memory for a digest");
    },
    hex: () => {
      const digest = Buffer.alloc(SHA256_BYTES);
      shim.digestEnd(state, digest);
      return digest.toString("hex");
    },
  };
}

function digestHere(algorithm: string): Digest {
  const hash = createHash(algorithm);
  return {
    add: async (bytes) => {
      hash.update(bytes);
    },
    hex: () => hash.digest("hex"),
  };
}
