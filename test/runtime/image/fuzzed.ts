import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { constants, gzipSync } from "node:zlib";
import { openShim } from "../../../runtime/host/shim.ts";
import { decompress } from "../../../runtime/image/archive/compression/decompress.ts";
import { BadImage } from "../../../runtime/image/archive/entry.ts";
import { readTar } from "../../../runtime/image/archive/tar/tar.ts";
import { imageConfig, isConfigFile } from "../../../runtime/image/layers/config-file.ts";
import { DOCKER_MANIFEST_V2, OCI_INDEX, OCI_MANIFEST } from "../../../runtime/image/manifest/kinds.ts";
import { parseManifest } from "../../../runtime/image/manifest/parse.ts";
import { Notes } from "../../../runtime/image/notes.ts";
import { parseChallenges } from "../../../runtime/image/registry/challenge.ts";
import { familiarName, fullName, parseReference } from "../../../runtime/image/registry/reference.ts";
import { parseJson } from "../../../runtime/shape.ts";
import fc from "../../rig/fast-check.ts";
import { archive, pax, signed } from "./archive/archive.ts";

/*
 * For each parser of what a registry or an archive can send: inputs near what is valid, and what holds of each. The tests try
 * some of them, `npm run bench -- fuzz` a million.
 */

export const GOOD = archive(
  { name: "./", type: "5", mode: 0o755 },
  { name: "dev/null", type: "3" },
  { name: "etc/", type: "5" },
  { name: "etc/passwd", content: "root:x:0:0::/:/bin/sh\n" },
  pax({ path: "etc/long name", mtime: "1700000000.5", "SCHILY.xattr.user.a": "b" }),
  { name: "x", content: "n".repeat(600) },
  { name: "././@LongLink", type: "L", content: `usr/${"l".repeat(200)}\0` },
  { name: "x", content: "y" },
  { name: "bin", type: "2", target: "usr/bin" },
  { name: "etc/link", type: "1", target: "etc/passwd" },
);
const BLOCK = 512;

interface Mutation {
  readonly at: number;
  readonly byte: number;
  /** Whether the checksum of the header block that it changes is corrected. */
  readonly sign: boolean;
}

/** Mostly bytes that mean something in a header: digits, a slash, a dot, NUL, the types. */
const byte = fc.oneof(fc.constantFrom(...Buffer.from("/.\x000127S LKxg-\x80\xff", "latin1")), fc.nat(255));
/** Anywhere, or where a header's numbers and its type begin. */
const at = fc.oneof(
  fc.nat(GOOD.length - 1),
  fc
    .tuple(fc.nat(GOOD.length / BLOCK - 1), fc.constantFrom(100, 108, 116, 124, 136, 156))
    .map(([block, field]) => block * BLOCK + field),
);
const mutation: fc.Arbitrary<Mutation> = fc.record({ at, byte, sign: fc.boolean() });

export const mutatedArchive = fc.array(mutation, { minLength: 1, maxLength: 8 }).map((mutations) => {
  const bad = Buffer.from(GOOD);
  for (const { at, byte, sign } of mutations) {
    bad.writeUInt8(byte, at);
    const block = Math.floor(at / BLOCK) * BLOCK;
    if (sign) signed(bad.subarray(block, block + BLOCK));
  }
  return bad;
});

const COMPRESSED = [gzipSync(GOOD), execFileSync("zstd", ["-q", "-c"], { input: GOOD })];
const mutatedData = mutated(...COMPRESSED);
/** By each kind of block that there is. */
const mutatedGzip = mutated(
  ...[0, 1, 9].map((level) => gzipSync(GOOD, { level })),
  gzipSync(GOOD, { strategy: constants.Z_FIXED }),
);

function mutated(...all: readonly Buffer[]): fc.Arbitrary<Buffer> {
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
  return fc.tuple(fc.constantFrom(...all), changes).map(([good, mutations]) => {
    const bad = Buffer.from(good);
    for (const [where, value] of mutations) bad.writeUInt8(value, where % bad.length);
    return bad;
  });
}

async function* pieces(bytes: Buffer, length: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += length) yield bytes.subarray(start, start + length);
}

const HEX = "a".repeat(64);
const DIGEST = `sha256:${HEX}`;
const descriptor = fc.record(
  {
    mediaType: fc.constantFrom(
      "application/vnd.oci.image.config.v1+json",
      "application/vnd.oci.image.layer.v1.tar",
      "",
      "x",
    ),
    digest: fc.constantFrom<unknown>(DIGEST, "sha256:../../etc/passwd", "md5:1", "", 5, null),
    size: fc.constantFrom<unknown>(0, 1, -1, 1.5, 2 ** 60, Number.NaN, "1", null),
    platform: fc.constantFrom<unknown>(undefined, {}, { os: "linux", architecture: "amd64" }, "linux"),
  },
  { requiredKeys: [] },
);
const manifest = fc.record(
  { config: descriptor, layers: fc.array(descriptor), manifests: fc.array(descriptor) },
  { requiredKeys: [] },
);
const texts = fc.constantFrom<unknown>(
  "",
  "a",
  ["a=b"],
  ["=", "a", "\0"],
  { "80/tcp": {} },
  { "/a": {} },
  null,
  5,
  [5],
);
const settings = fc.dictionary(
  fc.constantFrom("User", "Env", "Entrypoint", "Cmd", "WorkingDir", "ExposedPorts", "Volumes", "Labels", "Healthcheck"),
  texts,
);
const configFile = fc.record(
  {
    os: fc.constantFrom<unknown>("linux", "windows", 1),
    architecture: fc.constantFrom<unknown>("amd64", ""),
    rootfs: fc.constantFrom<unknown>({ diff_ids: [DIGEST] }, { diff_ids: ["x"] }, {}, null),
    config: fc.oneof<fc.Arbitrary<unknown>[]>(settings, fc.constant(null), fc.jsonValue()),
  },
  { requiredKeys: [] },
);
const jsonOf = (value: fc.Arbitrary<unknown>) =>
  fc.oneof(
    value.map((one) => JSON.stringify(one) ?? ""),
    fc.json(),
    fc.string(),
  );
const words = (...parts: string[]) => fc.array(fc.constantFrom(...parts), { maxLength: 9 }).map((all) => all.join(""));
const type = fc.constantFrom(OCI_MANIFEST, DOCKER_MANIFEST_V2, OCI_INDEX, "text/html");

/** Throws what is no refusal of the input. */
async function readOrRefused(read: () => Promise<void> | void): Promise<void> {
  try {
    await read();
  } catch (error) {
    assert.ok(error instanceof BadImage, error instanceof Error ? error.stack : String(error));
  }
}

export type Fuzzed = (runs: number) => Promise<void>;

/** By what they are of. */
export const FUZZED: Readonly<Record<string, Fuzzed>> = {
  "tar archives": ofAsync(fc.tuple(mutatedArchive, fc.constantFrom(777, 1 << 20)), async ([bytes, length]) => {
    for await (const entry of readTar(pieces(bytes, length), { notes: new Notes() })) {
      assert.doesNotMatch(entry.path, /^\/|(^|\/)\.\.(\/|$)/);
      if (entry.kind === "file") for await (const _ of entry.content);
    }
  }),
  "gzip and zstd data": ofAsync(fc.tuple(mutatedData, fc.constantFrom(64, 1 << 20)), async ([bytes, length]) => {
    const read: Uint8Array[] = [];
    for await (const piece of decompress(pieces(bytes, length))) read.push(Buffer.from(piece));
    const whole = Buffer.concat(read);
    // Its first bytes may have become none that are known.
    assert.ok(whole.equals(GOOD) || whole.equals(bytes));
  }),
  "gzip data for the native part": ofAsync(
    fc.tuple(mutatedGzip, fc.constantFrom(1_000, 1 << 20)),
    async ([bytes, length]) => {
      const read: Uint8Array[] = [];
      for await (const piece of decompress(pieces(bytes, length), await openShim())) read.push(piece);
      const whole = Buffer.concat(read);
      assert.ok(whole.equals(GOOD) || whole.equals(bytes));
    },
  ),
  manifests: ofAsync(fc.tuple(type, jsonOf(manifest)), ([mediaType, text]) => {
    const parsed = parseManifest(mediaType, Buffer.from(text));
    if (parsed === "unknown kind") return;
    const all = "manifest" in parsed ? [parsed.manifest.config, ...parsed.manifest.layers] : parsed.index;
    for (const { digest } of all) assert.match(digest, /^sha(256|512):[0-9a-f]+$/);
    if ("manifest" in parsed) for (const { size } of all) assert.ok(Number.isSafeInteger(size) && size >= 0);
  }),
  configurations: ofAsync(jsonOf(configFile), (text) => {
    const file = parseJson(text);
    if (!isConfigFile(file)) return;
    const { Env = [], WorkingDir = "/" } = imageConfig(file);
    for (const entry of Env) assert.match(entry, /^[^=]+=/);
    assert.match(WorkingDir, /^\//);
  }),
  names: ofAsync(
    words("a", "B", "0", "/", ":", "@", ".", "-", "_", "localhost", "docker.io", DIGEST, "[::1]", "é", "\0"),
    (text) => {
      let reference: ReturnType<typeof parseReference>;
      try {
        reference = parseReference(text);
      } catch (error) {
        assert.equal((error as { code?: string }).code, "name-invalid");
        return;
      }
      assert.deepEqual(parseReference(fullName(reference)), reference);
      assert.deepEqual(parseReference(familiarName(reference)), reference);
      assert.doesNotMatch(fullName(reference), /\.\.\/|[\0\s]/);
    },
  ),
  challenges: ofAsync(
    fc.oneof(
      fc.string(),
      words("Bearer", "Basic", " ", ",", "=", '"', "\\", "realm", "x", "é", "\t", "https://a", "__proto__"),
    ),
    (header) => {
      for (const { scheme, parameters } of parseChallenges(header)) {
        assert.match(scheme, /^[^\s,="]+$/);
        for (const value of Object.values(parameters)) assert.equal(typeof value, "string");
      }
    },
  ),
};

function ofAsync<T>(inputs: fc.Arbitrary<T>, holds: (input: T) => Promise<void> | void): Fuzzed {
  const property = fc.asyncProperty(inputs, (input) => readOrRefused(() => holds(input)));
  return (numRuns) => fc.assert(property, { numRuns });
}
