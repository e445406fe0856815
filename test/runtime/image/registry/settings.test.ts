import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { certificatesFor } from "../../../../runtime/image/registry/certificates.ts";
import { isInsecure, registrySettings } from "../../../../runtime/image/registry/settings.ts";
import { temporaryDirectory } from "../../../rig/host.ts";

test("what is configured of a registry by HOST:443 counts, though its URL does not say that port", async (t) => {
  const HOME = await temporaryDirectory(t);
  for (const [name, host] of Object.entries({ a: "one.example", b: "one.example:443", c: "one.example:5000" })) {
    const directory = join(HOME, ".config/containers/certs.d", host);
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "ca.crt"), name);
  }
  const authorities = (url: string) => certificatesFor(new URL(url).host, { HOME }, false).ca;
  assert.deepEqual(authorities("https://one.example:443"), ["a", "b"]);
  assert.deepEqual(authorities("https://one.example:5000"), ["c"]);
  const isTrusted = (url: string, ...insecure: string[]) => !isInsecure(new URL(url).host, { insecure });
  assert.equal(isTrusted("https://one.example:443", "one.example:443"), false);
  assert.equal(isTrusted("https://[::1]:443", "[::1]:443"), false);
  assert.equal(isTrusted("https://one.example:5000", "one.example:443"), true);
});

test("insecure registries are read as docker reads them: by a subnet, and with a scheme before the host", async (t) => {
  const HOME = await temporaryDirectory(t);
  mkdirSync(join(HOME, ".config/tinydocker"), { recursive: true });
  const written = { "insecure-registries": ["10.1.0.0/16", "http://one.example:5000", "fd00::/8"] };
  writeFileSync(join(HOME, ".config/tinydocker/registries.json"), JSON.stringify(written));
  const settings = registrySettings({ HOME });
  for (const [host, expected] of Object.entries({
    ...{
      "10.1.2.3:5000": true,
      "10.2.2.3": false,
      "one.example:5000": true,
      "one.example": false,
      "[fd00::1]:80": true,
    },
  }))
    assert.equal(isInsecure(host, settings), expected, host);
});
