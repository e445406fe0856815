import { BadImage } from "../archive/entry.ts";

/** The OCI image-spec's descriptor.md: what every implementation must or may know. */
const DIGEST = /^(?:sha256:([a-f0-9]{64})|sha512:([a-f0-9]{128}))$/;

/** Throws BadImage for what is not a digest. */
export function checkedDigest(digest: string): string {
  if (DIGEST.test(digest)) return digest;
  throw new BadImage(`${JSON.stringify(digest)} is not a digest with sha256 or sha512`);
}
