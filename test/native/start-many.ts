import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Scope, temporaryDirectory } from "../rig/host.ts";
import { plainPlan, plainRoot } from "./plans.ts";

/** native/test/start-many.c with the library, both under a sanitizer of a goal of native/Makefile. */
export interface StartMany {
  readonly directory: string;
  /** `prefix`: words put before the program, which must exec it. Its standard error is the sanitizer's. */
  run(goal: "tsan" | "asan", prefix?: readonly string[], args?: readonly string[]): Result;
}

export interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function startMany(scope: Scope): Promise<StartMany> {
  const directory = await temporaryDirectory(scope);
  const root = await plainRoot(join(directory, "root"));
  const [plan, terminalPlan] = [join(directory, "plan"), join(directory, "terminal-plan")];
  writeFileSync(plan, plainPlan({ root, args: ["sh", "-c", "exit 7"] }));
  writeFileSync(terminalPlan, plainPlan({ root, args: ["sh", "-c", "read line; exit 8"], terminal: true }));
  const clonedPlan = join(directory, "cloned-plan");
  writeFileSync(clonedPlan, plainPlan({ root, args: ["sh", "-c", "exit 7"], clones: true }));
  execFileSync("make", ["-s", "-C", "native"]);
  const built = new Set<string>();
  const plans = ["native/build/tinydocker-init", plan, terminalPlan, clonedPlan];
  return {
    directory,
    run: (goal, prefix = [], args = []) => {
      if (!built.has(goal)) execFileSync("make", ["-s", "-C", "native", goal, `OUT=${directory}`]);
      built.add(goal);
      const program = join(directory, goal === "tsan" ? "thread" : "address", "start-many");
      // Without -R the sanitizers of gcc 12 do not start if the kernel randomizes more bits of an address than they expect.
      const words = ["-R", ...prefix, program, ...plans, ...args];
      // The search for leaks does not work under a tracer.
      const env = { ...process.env, ...(prefix.length > 0 && { ASAN_OPTIONS: "detect_leaks=0" }) };
      const { status, stdout, stderr } = spawnSync("setarch", words, { encoding: "utf8", timeout: 120_000, env });
      return { status, stdout, stderr };
    },
  };
}

/** What this host lacks for a run, besides gcc: root, or the sanitizer's library. */
export function lacks(sanitizer: "libtsan.so" | "libasan.so"): string | undefined {
  if (process.geteuid?.() !== 0) return "root";
  // gcc prints the name alone when it does not find the file.
  const path = execFileSync("gcc", [`-print-file-name=${sanitizer}`], { encoding: "utf8" }).trim();
  return path === sanitizer ? sanitizer : undefined;
}
