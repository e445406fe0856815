import { closeSync, constants, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { deviceLine } from "../../cgroup/device-lines.ts";
import { deviceProgram } from "../../cgroup/device-program.ts";
import type { CgroupStep, Join } from "../../cgroup/step.ts";
import type { DeviceRule } from "../../spec/security/device-rules.ts";
import type { Shim } from "../shim.ts";
import { delegate } from "./systemd.ts";

/** Does the step; returns the descriptor that a process needs to start in the cgroup. Throws an error with an errno. */
export function doCgroupStep(shim: Shim, step: CgroupStep): number | undefined {
  switch (step.op) {
    case "CGROUP_DELEGATE":
      delegate(step.cgroup);
      return undefined;
    case "CGROUP_MAKE":
      makeCgroup(step.cgroup, step.shared);
      return undefined;
    case "CGROUP_WRITE":
      writeTo(join(step.cgroup, step.file), step.content);
      return undefined;
    case "CGROUP_DEVICES":
      limitDevices(shim, step.cgroup, step.version, step.rules);
      return undefined;
    case "CGROUP_JOIN":
      return openSync(step.version === 1 ? join(step.cgroup, "tasks") : step.cgroup, joinFlags(step.version));
  }
}

function joinFlags(version: 1 | 2): number {
  return version === 1 ? constants.O_WRONLY : constants.O_RDONLY | constants.O_DIRECTORY;
}

function makeCgroup(path: string, mayExist: boolean): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (!mayExist || !(error instanceof Error) || !("code" in error) || error.code !== "EEXIST") throw error;
  }
}

/** Each in one write, without O_CREAT: a limit that this kernel does not have is then ENOENT. */
function writeTo(path: string, ...contents: readonly string[]): void {
  const fd = openSync(path, constants.O_WRONLY);
  try {
    for (const content of contents) writeSync(fd, content);
  } finally {
    closeSync(fd);
  }
}

function limitDevices(shim: Shim, cgroup: string, version: 1 | 2, rules: readonly DeviceRule[]): void {
  if (version === 2) attachProgram(shim, cgroup, deviceProgram(rules));
  else for (const { file, lines } of byFile(rules.map(deviceLine))) writeTo(join(cgroup, file), ...lines);
}

/** Lines of the same file in a row. */
function byFile(lines: readonly (readonly [file: string, line: string])[]) {
  const files: { file: string; lines: string[] }[] = [];
  for (const [file, line] of lines) {
    const last = files.at(-1);
    if (last?.file === file) last.lines.push(line);
    else files.push({ file, lines: [line] });
  }
  return files;
}

function attachProgram(shim: Shim, cgroup: string, program: Uint8Array): void {
  const fd = openSync(cgroup, joinFlags(2));
  try {
    const errno = shim.cgroupDevices(fd, program);
    if (errno < 0) throw Object.assign(new Error("bpf"), { errno });
  } finally {
    closeSync(fd);
  }
}

/** How many of its processes the kernel killed because they used up its memory. */
export function oomKills({ cgroup, version }: Join): number {
  const file = version === 1 ? "memory.oom_control" : "memory.events";
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync(join(cgroup, file), "utf8"))?.[1] ?? 0);
  } catch {
    return 0; // somebody else removed it
  }
}
