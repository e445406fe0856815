import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

/** What QEMU boots; made by image.sh, which says what lies where. */
export interface Image {
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string;
  readonly key: string;
  readonly hostKey: string;
}

/** Makes the guest's image, or waits for whoever is making it, or finds it in the cache. Takes about a minute the first time. */
export async function vmImage(): Promise<Image> {
  const script = join(import.meta.dirname, "image.sh");
  const { stdout } = await promisify(execFile)("bash", [script], { env: { ...process.env, NODE: process.execPath } });
  const directory = stdout.trim();
  return {
    disk: join(directory, "disk.raw"),
    kernel: join(directory, "vmlinuz"),
    initrd: join(directory, "initrd"),
    key: join(directory, "key"),
    hostKey: join(directory, "host_key.pub"),
  };
}
