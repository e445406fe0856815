import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

/**
 * The directory with the guest's image; image.sh says what lies in it. Made where it is not there yet, about a minute; whoever
 * comes meanwhile waits.
 */
export async function vmImage(): Promise<string> {
  const script = join(import.meta.dirname, "image.sh");
  const { stdout } = await promisify(execFile)("bash", [script], {
    env: { ...process.env, TMPDIR: undefined, NODE: process.execPath },
  });
  return stdout.trim();
}
