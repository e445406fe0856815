import assert from "node:assert/strict";
import { it } from "node:test";
import { noRoom } from "../../../../runtime/container/failure/no-room.ts";
import { ERRNO } from "../../../../runtime/linux.ts";
import type { Step } from "../../../../runtime/plan/step.ts";

const MOUNTS = [{ destination: "/var" }, { destination: "/var/d" }];
const inside: Step = { op: "MKDIR", mode: 0o755, path: "/var/d/new", reason: "target" };
const ofState: Step = { op: "MKDIR", mode: 0o755, path: "/var/d/containers/c1", reason: "layers" };
const remedy = (step: Step, errno: number) => noRoom(step, errno, "", MOUNTS)?.remedy ?? "";

it("what is full or read-only is what is mounted around a path of the container", () => {
  assert.match(remedy(inside, ERRNO.ENOSPC), /^free some space in what is mounted on \/var\/d$/);
  assert.match(remedy(inside, ERRNO.EROFS), /^\/var\/d is mounted read-only: make \/var\/d\/new where that comes from/);
  const led = noRoom({ ...inside, path: "/etc/resolv.conf" }, ERRNO.EROFS, "/var/d/systemd", MOUNTS)?.remedy ?? "";
  assert.match(led, /^\/var\/d is mounted read-only: make \/var\/d\/systemd where that comes from/);
  assert.match(remedy({ ...inside, path: "/var" }, ERRNO.ENOSPC), /state directory/);
});

it("what is full or unwritable is the state directory for a path of the machine, whatever the container mounts there", () => {
  for (const errno of [ERRNO.ENOSPC, ERRNO.EROFS]) assert.match(remedy(ofState, errno), /state directory/);
  assert.equal(noRoom(ofState, ERRNO.EACCES, "", MOUNTS)?.code, "state-unwritable");
  assert.equal(noRoom(inside, ERRNO.EACCES, "", MOUNTS), undefined);
});
