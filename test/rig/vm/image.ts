import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

/** A release of Debian, by the name that its archive has: 12 or 13. */
export type Suite = "bookworm" | "trixie";

/**
 * Returns the directory with the guest's image, which image.sh describes. Building it, if it does not exist yet, takes
 * about a minute, for which other callers wait.
 */
export async function vmImage(suite: Suite = "bookworm"): Promise<string> {
  const script = join(import.meta.dirname, "image.sh");
  const { stdout } = await promisify(execFile)("bash", [script, suite], {
    env: { ...process.env, TMPDIR: undefined, NODE: process.execPath },
  });
  return stdout.trim();
}
