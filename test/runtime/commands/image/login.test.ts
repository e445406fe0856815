import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { needs } from "../../../rig/host.ts";
import { registryLacks, startRegistry } from "../../../rig/registry.ts";
import { tinydocker } from "../../../rig/tinydocker.ts";
import { terminals } from "../terminals.ts";

const rig = await tinydocker({ after });
const login = (host: string, env: NodeJS.ProcessEnv, input: string, ...words: readonly string[]) =>
  rig.run(["login", ...words, host], { env, input });

for (const tls of [false, true])
  test(`login asks the registry, and stores what it takes; logout forgets it: ${tls ? "TLS" : "plain HTTP"}`, async (t) => {
    if (!needs(t, registryLacks())) return;
    const { host, env, directory } = await startRegistry(t, { tls, login: "me:right" });
    const refused = await login(host, env, "wrong\n", "-u", "me", "--password-stdin");
    assert.equal(refused.code, 125);
    assert.match(
      refused.stderr,
      new RegExp(
        `^tinydocker: can't log in to ${host}: ${host} answers 401.*\n  check the user name and the password\n$`,
      ),
    );
    assert.equal((await rig.run(["logout", host], { env })).stdout, `Not logged in to ${host}\n`);
    const taken = await login(host, env, "right\r\n", "-u", "me", "--password-stdin");
    const file = join(directory, ".docker/config.json");
    const said = `tinydocker: the password is stored in ${file}, not encrypted; only you may read it\n`;
    assert.deepEqual(taken, { code: 0, signal: null, stdout: "Login Succeeded\n", stderr: said });
    assert.equal(JSON.parse(readFileSync(file, "utf8")).auths[host].auth, Buffer.from("me:right").toString("base64"));
    const missing = await rig.run(["pull", `${host}/none`], { env });
    assert.match(missing.stderr, /answers 404/);
    assert.equal(
      (await rig.run(["logout", `https://${host}/v2/`], { env })).stdout,
      `Removing login credentials for ${host}\n`,
    );
    assert.match(
      (await rig.run(["pull", `${host}/none`], { env })).stderr,
      /answers 401.*\n {2}.*log in: tinydocker login/,
    );
  });

test("login asks on the terminal, which does not show the password", async (t) => {
  if (!needs(t, registryLacks())) return;
  const { host, env } = await startRegistry(t, { login: "me:right" });
  const words = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const session = terminals(rig, { after: (cleanup) => t.after(cleanup) })(["login", host], ["env", ...words]);
  await session.shows("Username: ");
  session.type("me\r");
  await session.shows("Password: ");
  session.type("right\r");
  await session.shows("Login Succeeded");
  const { code, stdout } = await session.ended;
  assert.equal(code, 0);
  assert.doesNotMatch(stdout, /right/);
});

test("login says what is missing before it asks a registry", async () => {
  for (const [words, message] of [
    [["--password-stdin"], /--password-stdin needs --username/],
    [
      ["-u", "me"],
      /can't ask for the password: there is no terminal\n {2}tinydocker login -u USER --password-stdin HOST <FILE/,
    ],
    [["-u", "me", "-p", "x", "--password-stdin"], /exclude each other/],
    [["-u", "a:b", "-p", "x"], /a user name has no ':'/],
    [["-u", "me", "-p", "x", "no host"], /"no host" is not a registry/],
    [["-u", "me", "-p", "x", "r.example", "more"], /unknown argument more/],
  ] as const) {
    const { code, stderr } = await rig.run(["login", ...words], { input: "" });
    assert.deepEqual([code, message.test(stderr)], [125, true], stderr);
  }
  const { stderr } = await rig.run(["login", "-u", "me", "--password-stdin", "127.0.0.1:1"], { input: "\n" });
  assert.match(stderr, /the password is empty/);
});
