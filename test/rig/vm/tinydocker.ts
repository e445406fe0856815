import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import type { Scope } from "../host.ts";
import { type Outcome, outcomeOf, tinydocker } from "../tinydocker.ts";
import type { Suite } from "./image.ts";
import { startVm } from "./vm.ts";

/** The program in a guest, as words of a shell. */
export const PROGRAM = "node /opt/tinydocker/dist/tinydocker.cjs";

/** A guest with tinydocker as it is shipped, and the library with which that loads others. */
export interface TinydockerVm {
  /** Runs a shell script in the guest, as root or as the user `plain`. */
  sh(script: string, user?: "root" | "plain"): Promise<Outcome>;
}

/** Boots a guest of the test's own. */
export async function startTinydockerVm(scope: Scope, suite: Suite): Promise<TinydockerVm> {
  const { configFile } = await startVm(scope, suite);
  const ssh = (host: "guest" | "guest-plain", command: string) => spawn("ssh", ["-F", configFile, host, command]);
  const { directory } = await tinydocker(scope);
  const files = ["dist", "native", "node_modules", "package.json"];
  const archive = execFileSync("tar", ["-C", directory, "-cz", ...files], { maxBuffer: 1 << 28 });
  const unpack = ssh("guest", "sudo mkdir /opt/tinydocker && sudo tar -C /opt/tinydocker -xz");
  const { code, stderr } = await outcomeOf(unpack, archive);
  assert.equal(code, 0, stderr);
  return {
    sh: (script, user = "root") =>
      outcomeOf(user === "root" ? ssh("guest", "sudo sh") : ssh("guest-plain", "sh"), script),
  };
}
