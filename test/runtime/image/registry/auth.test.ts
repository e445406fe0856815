import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { credentialsFor, keysFor } from "../../../../runtime/image/registry/auth.ts";
import { temporaryDirectory } from "../../../rig/host.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");

async function home(test: TestContext, files: Record<string, object | string>) {
  const directory = await temporaryDirectory({ after: (cleanup) => test.after(cleanup) });
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(directory, path, ".."), { recursive: true });
    writeFileSync(join(directory, path), typeof content === "string" ? content : JSON.stringify(content));
  }
  return { directory, env: { HOME: directory, PATH: `${directory}/bin:${process.env["PATH"]}` } };
}

describe("credentials", () => {
  it("are found in docker's file, under the key that docker has for docker.io", async (t) => {
    const auths = { "https://index.docker.io/v1/": { auth: base64("me:p:w") }, "r.example": { auth: base64("you:x") } };
    const { env } = await home(t, { ".docker/config.json": { auths } });
    const found = (domain: string) => credentialsFor({ domain, path: "a" }, env);
    assert.deepEqual(await found("docker.io"), { user: "me", password: "p:w" });
    assert.deepEqual(await found("r.example"), { user: "you", password: "x" });
    assert.equal(await found("other.example"), undefined);
  });

  it("are found in podman's file first, the longest path first", async (t) => {
    const { env } = await home(t, {
      ".config/containers/auth.json": {
        auths: { "r.example/a/b": { auth: base64("ab:1") }, "r.example/a": { auth: base64("a:1") } },
      },
      ".docker/config.json": { auths: { "r.example": { auth: base64("host:1") } } },
    });
    const user = async (path: string) => (await credentialsFor({ domain: "r.example", path }, env)) as { user: string };
    assert.equal((await user("a/b")).user, "ab");
    assert.equal((await user("a/c")).user, "a");
    assert.equal((await user("b")).user, "host");
  });

  it("may be a token, and the file another", async (t) => {
    const { directory, env } = await home(t, {
      "auth.json": { auths: { "r.example": { auth: "", identitytoken: "tok" } } },
    });
    const named = { ...env, REGISTRY_AUTH_FILE: join(directory, "auth.json") };
    assert.deepEqual(await credentialsFor({ domain: "r.example", path: "a" }, named), { identityToken: "tok" });
  });

  it("are asked of a helper, which may have none, a token, or fail", async (t) => {
    const helper = `#!/bin/sh
read -r server
case $server in
  a.example) echo '{"ServerURL":"a","Username":"u","Secret":"s"}' ;;
  b.example) echo '{"Username":"<token>","Secret":"t"}' ;;
  c.example) echo 'credentials not found in native keychain'; exit 1 ;;
  *) echo 'the keychain is locked'; exit 1 ;;
esac
`;
    const { directory, env } = await home(t, {
      ".docker/config.json": {
        credsStore: "test",
        credHelpers: { "none.example": "nosuch" },
        auths: { "c.example": { auth: base64("file:1") } },
      },
      "bin/docker-credential-test": helper,
    });
    chmodSync(join(directory, "bin/docker-credential-test"), 0o755);
    const found = (domain: string) => credentialsFor({ domain, path: "x" }, env);
    assert.deepEqual(await found("a.example"), { user: "u", password: "s" });
    assert.deepEqual(await found("b.example"), { identityToken: "t" });
    assert.deepEqual(await found("c.example"), { user: "file", password: "1" });
    await assert.rejects(found("d.example"), {
      code: "registry-denied",
      message: /docker-credential-test .*: the keychain is locked$/,
    });
    await assert.rejects(found("none.example"), {
      message: "the credential helper docker-credential-nosuch is not installed",
    });
  });

  it("are those of the file where its helper has no name, or the one of all registries is not installed", async (t) => {
    const auths = { "a.example": { auth: base64("file:1") } };
    const file = { user: "file", password: "1" };
    for (const settings of [
      { credsStore: "" },
      { credsStore: "nosuch" },
      { credsStore: "nosuch", credHelpers: { "a.example": "" } },
    ]) {
      const { env } = await home(t, { ".docker/config.json": { ...settings, auths } });
      assert.deepEqual(await credentialsFor({ domain: "a.example", path: "x" }, env), file);
      assert.equal(await credentialsFor({ domain: "other.example", path: "x" }, env), undefined);
    }
  });

  it("are not waited for where a helper, or what its script has started, does not end, or a signal comes", async (t) => {
    const { directory, env } = await home(t, {
      ".docker/config.json": { credsStore: "stuck" },
      "bin/docker-credential-stuck": `#!/bin/sh\n(read -r _ <"$HOME/held")\n`,
    });
    chmodSync(join(directory, "bin/docker-credential-stuck"), 0o755);
    execFileSync("mkfifo", [join(directory, "held")]);
    const held = openSync(join(directory, "held"), "r+");
    t.after(() => closeSync(held));
    const asked = { domain: "r.example", path: "a" };
    await assert.rejects(credentialsFor(asked, env, { silence: 100 }), {
      code: "registry-denied",
      message: "the credential helper docker-credential-stuck does not answer within 0.1 s",
    });
    const reason = new Error("a signal");
    const abort = new AbortController();
    const found = credentialsFor(asked, env, { signal: abort.signal });
    abort.abort(reason);
    await assert.rejects(found, reason);
    await assert.rejects(credentialsFor(asked, env, { signal: abort.signal }), reason);
  });

  it("in a file that is not valid are refused by the file's name, without what is in it", async (t) => {
    const { env } = await home(t, { ".docker/config.json": '{"auths": {"r.example": {"auth": 5}}}' });
    await assert.rejects(credentialsFor({ domain: "r.example", path: "a" }, env), {
      message: /config\.json is not a file of credentials$/,
    });
    const secret = await home(t, { ".docker/config.json": { auths: { "r.example": { auth: base64("no colon") } } } });
    await assert.rejects(
      credentialsFor({ domain: "r.example", path: "a" }, secret.env),
      (error: Error) => !error.message.includes("no colon"),
    );
  });

  it("have keys for each folder that a repository is in, then for its host, however the tool spells that", () => {
    const own = ["r.example/a/b", "r.example/a", "r.example", "r.example/", "http://r.example/v2/x"];
    const others = ["r.example/b", "r.example:5000", "https://example/r.example", "not-r.example"];
    assert.deepEqual(keysFor([...others, ...own.toReversed()], "r.example", "a/b"), own);
    const hub = ["docker.io", "index.docker.io", "registry-1.docker.io", "https://index.docker.io/v1/"];
    assert.deepEqual(keysFor([...others, ...hub.toReversed()], "docker.io", "library/a"), hub);
  });

  it("are found also where other settings of the file are null", async (t) => {
    const auths = { "r.example": { auth: base64("me:x"), email: null, identitytoken: null }, "q.example": null };
    const { env } = await home(t, { ".docker/config.json": { auths, credHelpers: null, credsStore: null } });
    const found = (domain: string) => credentialsFor({ domain, path: "a" }, env);
    assert.deepEqual(await found("r.example"), { user: "me", password: "x" });
    assert.equal(await found("q.example"), undefined);
  });
});
