import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { test } from "node:test";
import { transformSync } from "esbuild";
import { firstFolder, homeFolder, thisUser } from "../../../devtool/process/user.ts";
import { needs } from "../../rig/host.ts";

/** Of no user of any machine: what nothing has is 65534, and systemd's own begin at 61184. */
const NOBODYS = 54321;

test("this user is the one that /etc/passwd names, and the home folder the environment's", () => {
  const { uid, username, homedir } = userInfo();
  assert.deepEqual([thisUser().uid, thisUser().username, thisUser().homedir], [uid, username, homedir]);
  assert.equal(homeFolder(), process.env["HOME"]);
});

test("a session begins in the home folder, or in / where that is not there", (t) => {
  const { HOME } = process.env;
  t.after(() => {
    process.env["HOME"] = HOME;
  });
  process.env["HOME"] = "/usr";
  assert.equal(firstFolder(), "/usr");
  process.env["HOME"] = "/nowhere/to/be/found";
  assert.equal(firstFolder(), "/");
});

test("a uid that /etc/passwd does not have goes by USER and HOME, or by its number", (t) => {
  const enter = ["--user", `--map-user=${NOBODYS}`, `--map-group=${NOBODYS}`];
  if (!needs(t, spawnSync("unshare", [...enter, "true"]).status === 0 ? undefined : "user namespaces")) return;
  const { code } = transformSync(readFileSync("devtool/process/user.ts", "utf8"), { loader: "ts" });
  const script = `${code}console.log(JSON.stringify([thisUser(), homeFolder()]));`;
  const node = [process.execPath, "--input-type=module", "--eval", script];
  const seen = (...env: string[]): unknown =>
    JSON.parse(execFileSync("unshare", [...enter, "env", "-i", ...env, ...node], { encoding: "utf8" }));
  const there = { uid: NOBODYS, username: "app", homedir: "/srv" };
  assert.deepEqual(seen("USER=app", "HOME=/srv"), [there, "/srv"]);
  const alone = { uid: NOBODYS, username: String(NOBODYS), homedir: "/" };
  assert.deepEqual(seen(), [alone, "/"]);
});
