import assert from "node:assert/strict";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { credentialsFor } from "../../../../runtime/image/registry/auth.ts";
import { removeLogin, storeLogin } from "../../../../runtime/image/registry/store-login.ts";
import { temporaryDirectory } from "../../../rig/host.ts";

const LOGIN = { user: "me", password: "a:b 密" };
const DOCKER = ".docker/config.json";
const PODMAN = ".config/containers/auth.json";

async function home(t: TestContext, files: Record<string, string> = {}) {
  const directory = await temporaryDirectory({ after: (cleanup) => t.after(cleanup) });
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), content);
  }
  const read = (path: string) => JSON.parse(readFileSync(join(directory, path), "utf8"));
  return { directory, read, env: { HOME: directory, PATH: `${directory}/bin:${process.env["PATH"]}` } };
}

const found = (domain: string, env: NodeJS.ProcessEnv) => credentialsFor({ domain, path: "a/b" }, env);

for (const domain of ["docker.io", "r.example:5000", "[::1]:5000"])
  test(`credentials that are stored are found again, and no more once they are removed: ${domain}`, async (t) => {
    const { directory, env } = await home(t);
    await storeLogin(domain, LOGIN, env);
    assert.deepEqual(await found(domain, env), LOGIN);
    const modes = [DOCKER, dirname(DOCKER)].map((path) => statSync(join(directory, path)).mode & 0o777);
    assert.deepEqual(modes, [0o600, 0o700]);
    assert.equal((await removeLogin(domain, env)).length, 1);
    assert.equal(await found(domain, env), undefined);
    assert.deepEqual(await removeLogin(domain, env), []);
  });

test("what else the file has stays, and so does a link to it", async (t) => {
  const others = { "other.example": { auth: "eDp5" } };
  const { directory, env, read } = await home(t, {
    "dotfiles/config.json": JSON.stringify({ auths: others, psFormat: "table", currentContext: null }),
  });
  mkdirSync(join(directory, ".docker"));
  symlinkSync("../dotfiles/config.json", join(directory, DOCKER));
  await storeLogin("r.example", LOGIN, env);
  const auth = Buffer.from("me:a:b 密").toString("base64");
  assert.deepEqual(read(DOCKER), {
    auths: { ...others, "r.example": { auth } },
    psFormat: "table",
    currentContext: null,
  });
  assert.ok(lstatSync(join(directory, DOCKER)).isSymbolicLink());
  await removeLogin("r.example", env);
  assert.deepEqual(read(DOCKER).auths, others);
  assert.deepEqual(readdirSync(join(directory, "dotfiles")), ["config.json"]);
});

test("credentials take the place of those of the registry in the file that is read first, under its own name for it", async (t) => {
  const { env, read } = await home(t, {
    [PODMAN]: JSON.stringify({ auths: { "docker.io": { auth: "eDp5" } } }),
    [DOCKER]: JSON.stringify({ auths: {} }),
  });
  await storeLogin("docker.io", LOGIN, env);
  assert.deepEqual(await found("docker.io", env), LOGIN);
  assert.deepEqual([Object.keys(read(PODMAN).auths), read(DOCKER).auths], [["docker.io"], {}]);
});

test("credentials are removed from every file that has some", async (t) => {
  const auths = { "https://r.example/v1/": { auth: "eDp5" } };
  const { env, read } = await home(t, { [PODMAN]: JSON.stringify({ auths }), [DOCKER]: JSON.stringify({ auths }) });
  assert.equal((await removeLogin("r.example", env)).length, 2);
  assert.deepEqual([read(PODMAN).auths, read(DOCKER).auths], [{}, {}]);
});

test("a credential helper stores and erases them, and the file has no password", async (t) => {
  const { directory, env, read } = await home(t, {
    [DOCKER]: JSON.stringify({ credsStore: "safe" }),
    "bin/docker-credential-safe": `#!/bin/sh
case $1 in
  store) cat >"$HOME/secret" ;;
  get) grep -q "$(cat)" "$HOME/secret" || { echo credentials not found in native keychain; exit 1; }
       sed 's/"ServerURL":"[^"]*",//' "$HOME/secret" ;;
  erase) cat >"$HOME/erased"; : >"$HOME/secret" ;;
esac
`,
  });
  chmodSync(join(directory, "bin/docker-credential-safe"), 0o755);
  await storeLogin("docker.io", LOGIN, env);
  assert.deepEqual(read("secret"), {
    ServerURL: "https://index.docker.io/v1/",
    Username: "me",
    Secret: LOGIN.password,
  });
  assert.deepEqual(read(DOCKER), { credsStore: "safe", auths: { "https://index.docker.io/v1/": {} } });
  assert.deepEqual(await found("docker.io", env), LOGIN);
  await removeLogin("docker.io", env);
  assert.equal(readFileSync(join(directory, "erased"), "utf8"), "https://index.docker.io/v1/");
  assert.deepEqual(read(DOCKER).auths, {});
});

test("a file that is not valid, a helper that fails and a place that can't be written are named, and nothing is lost", async (t) => {
  const broken = await home(t, { [DOCKER]: "{ broken" });
  await assert.rejects(storeLogin("r.example", LOGIN, broken.env), /config\.json is not a file of credentials/);
  assert.equal(readFileSync(join(broken.directory, DOCKER), "utf8"), "{ broken");
  const helper = await home(t, {
    [DOCKER]: JSON.stringify({ credHelpers: { "r.example": "no" } }),
    "bin/docker-credential-no": "#!/bin/sh\necho the keychain is locked; exit 1\n",
  });
  chmodSync(join(helper.directory, "bin/docker-credential-no"), 0o755);
  await assert.rejects(
    storeLogin("r.example", LOGIN, helper.env),
    /docker-credential-no store failed: the keychain is locked/,
  );
  assert.equal(helper.read(DOCKER).auths, undefined);
  const blocked = await home(t, { ".docker": "a file" });
  await assert.rejects(storeLogin("r.example", LOGIN, blocked.env), /can't store credentials in .*config\.json/);
});
