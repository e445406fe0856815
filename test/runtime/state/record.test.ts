import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { prepare } from "../../../runtime/container/request/prepare.ts";
import { Failure } from "../../../runtime/failure.ts";
import { directory } from "../../../runtime/resources/directory.ts";
import { entry } from "../../../runtime/state/entry.ts";
import { exitNow } from "../../../runtime/state/exit.ts";
import { newRecord, readRecord, writeRecord } from "../../../runtime/state/record.ts";
import { temporaryDirectory } from "../../rig/host.ts";

const folder = join(await temporaryDirectory({ after }), "records");
const path = join(folder, "c1");
const spec = await prepare({
  name: "c1",
  args: ["sh", "-c", "ünï"],
  env: ["A=b"],
  volumes: ["/etc:/e:ro"],
  cwd: "/tmp",
});
const record = newRecord(spec, "on request", [entry(directory("upper"), "removal")]);

describe("a record", () => {
  it("is read as it was written, and does not exist before", () => {
    assert.equal(readRecord(path), undefined);
    for (const exit of [undefined, exitNow("unknown", undefined), exitNow({ code: 3, signal: null }, undefined)]) {
      const written = { ...record, ...(exit ? { exit } : {}) };
      writeRecord(path, written);
      assert.deepEqual(readRecord(path), written);
    }
    assert.deepEqual(readdirSync(folder), ["c1"]);
  });

  it("that can't be written leaves the previous one, and nothing beside it", () => {
    writeRecord(path, record);
    mkdirSync(join(folder, "c2"));
    assert.throws(() => writeRecord(join(folder, "c2"), record), /EISDIR|ENOTEMPTY|EEXIST/);
    assert.deepEqual(readdirSync(folder).sort(), ["c1", "c2"]);
    assert.deepEqual(readRecord(path), record);
  });

  it("is readable by its owner only: the environment may contain secrets", () => {
    writeRecord(path, record);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it("is refused with its path when any field is missing or has another type", () => {
    writeRecord(path, record);
    const text = readFileSync(path, "utf8");
    const fields: unknown = JSON.parse(text);
    assert.ok(typeof fields === "object" && fields);
    for (const key of Object.keys(fields)) {
      writeFileSync(path, JSON.stringify({ ...fields, [key]: undefined }));
      assert.throws(() => readRecord(path), damaged, `without ${key}`);
      writeFileSync(path, JSON.stringify({ ...fields, [key]: { of: "another type" } }));
      assert.throws(() => readRecord(path), damaged, `another ${key}`);
    }
    for (const cut of ["", "{", text.slice(0, -5)]) {
      writeFileSync(path, cut);
      assert.throws(() => readRecord(path), damaged, cut);
    }
  });

  it("of another version is refused as such", () => {
    writeFileSync(path, JSON.stringify({ ...record, version: 3 }));
    assert.throws(() => readRecord(path), /was written by a newer tinydocker/);
    const { network: _, ...older } = record.spec;
    writeFileSync(path, JSON.stringify({ ...record, version: 1, spec: older }));
    assert.throws(() => readRecord(path), /was written by an older tinydocker/);
  });

  it("keeps what a container may do: its capabilities, devices, settings and rules for system calls", async () => {
    const rules = join(folder, "rules.json");
    const condition = { index: 0, op: "SCMP_CMP_EQ", value: 1 };
    const syscalls = [
      { names: ["socket"], action: "SCMP_ACT_ALLOW", args: [condition], includes: { minKernel: "4.8" } },
    ];
    writeFileSync(rules, JSON.stringify({ defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 38, syscalls }));
    const asked = await prepare({
      name: "c1",
      args: ["true"],
      capDrop: ["ALL"],
      securityOpt: [`seccomp=${rules}`, "no-new-privileges=false"],
      devices: ["/dev/zero:/z"],
      sysctls: ["net.core.somaxconn=7"],
    });
    writeRecord(path, newRecord(asked, "on request", []));
    assert.deepEqual(readRecord(path)?.spec, asked);
    rmSync(rules);
  });
});

function damaged(error: unknown): boolean {
  return error instanceof Failure && error.message === `${path} is not the record of a container`;
}
