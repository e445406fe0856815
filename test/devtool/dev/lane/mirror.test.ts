import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { insideProject, mirrorPath } from "../../../../devtool/dev/lane/mirror.ts";

const facts = { home: "/home/me", cache: "/home/me/.cache/devtool" };

function pathOf(folder: string | undefined, root: string, machine = "m", target = "box"): string {
  return mirrorPath({ facts, target, folder }, root, machine);
}

test("a mirror is in the target's cache, or below the folder that its settings name", () => {
  assert.match(pathOf(undefined, "/p/my app"), /^\/home\/me\/\.cache\/devtool\/mirrors\/my_app-[0-9a-f]{8}$/);
  assert.match(pathOf("/scratch/", "/p/app"), /^\/scratch\/app-[0-9a-f]{8}$/);
  assert.match(pathOf("~/big", "/p/app"), /^\/home\/me\/big\/app-[0-9a-f]{8}$/);
});

test("a project of another folder or machine has another mirror", () => {
  const paths = [pathOf(undefined, "/p/app"), pathOf(undefined, "/q/app"), pathOf(undefined, "/p/app", "n")];
  assert.equal(new Set(paths).size, 3);
});

test("two targets whose settings name one folder, on a disk that they share, have a mirror each", () => {
  assert.notEqual(pathOf("/nfs", "/p/app", "m", "box"), pathOf("/nfs", "/p/app", "m", "board"));
});

test("a mirror on this machine is not inside of the project, which would be sent into itself", () => {
  const file = "/proc/sys/kernel/random/boot_id";
  if (!existsSync(file)) return;
  const boot = readFileSync(file, "utf8").trim();
  const refused = (root: string, mirror: string, at = boot) => insideProject(root, mirror, { boot: at })?.message;
  assert.match(refused("/usr", "/usr/.cache/devtool/mirrors/usr-1") ?? "", /sent into itself/);
  assert.match(refused("/", "/root/.cache/devtool/mirrors/project-1") ?? "", /sent into itself/);
  assert.equal(refused("/usr", "/usr2/mirrors/usr-1"), undefined);
  assert.equal(refused("/usr", "/usr/.cache/devtool/mirrors/usr-1", "another machine's"), undefined);
});
