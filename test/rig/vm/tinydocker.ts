import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { relative } from "node:path";
import type { Scope } from "../host.ts";
import { type Outcome, outcomeOf, tinydocker } from "../tinydocker.ts";
import { startVm } from "./vm.ts";

/** A guest with tinydocker as it is shipped, and the library with which that loads others. */
export interface TinydockerVm {
  /** The program in the guest, as words of a shell. */
  readonly program: string;
  /** Runs a shell script in the guest, as root or as the user `plain`. */
  sh(script: string, user?: "root" | "plain"): Promise<Outcome>;
}

/** Boots a guest of the test's own. */
export async function startTinydockerVm(scope: Scope): Promise<TinydockerVm> {
  const { configFile } = await startVm(scope);
  const ssh = (host: "guest" | "guest-plain", command: string) => spawn("ssh", ["-F", configFile, host, command]);
  const { directory, program } = await tinydocker(scope);
  const files = ["dist", "native", "node_modules", "package.json"];
  const archive = execFileSync("tar", ["-C", directory, "-cz", ...files], { maxBuffer: 1 << 28 });
  const unpack = ssh("guest", "sudo mkdir /opt/tinydocker && sudo tar -C /opt/tinydocker -xz");
  const { code, stderr } = await outcomeOf(unpack, archive);
  assert.equal(code, 0, stderr);
  return {
    program: `node /opt/tinydocker/${relative(directory, program)}`,
    sh: (script, user = "root") =>
      outcomeOf(user === "root" ? ssh("guest", "sudo sh") : ssh("guest-plain", "sh"), script),
  };
}
