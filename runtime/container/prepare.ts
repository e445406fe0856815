import { closeSync, fstatSync, readSync, statfsSync } from "node:fs";
import { release } from "node:os";
import { Failure } from "../failure.ts";
import { openShim, type Shim } from "../host/shim.ts";
import type { Image } from "../image/image.ts";
import { resolveImage } from "../image/resolve.ts";
import { type ContainerSpec, type RunRequest, type Surroundings, specOf } from "../spec/spec.ts";
import { resolveUser } from "../spec/user.ts";
import { stateRoot } from "../state/root.ts";

/** overlayfs takes an upper layer inside its lower one, as the image `host` has it, from here on; the other calls are older. */
const KERNEL_MIN = { major: 5, minor: 13 };
/** linux/magic.h */
const CGROUP2_SUPER_MAGIC = 0x63677270;
/** Of /etc/passwd and /etc/group; a larger file is read as far as this. */
const ACCOUNTS_BYTES_MAX = 1 << 20;

/** A request with the image's and the user's names still to be looked up. */
export interface NamedRequest extends RunRequest {
  /** Default: host. */
  readonly image?: string;
  /** UID[:GID], numbers or the image's names. Default: root. */
  readonly user?: string;
}

/** Looks up what the request names and makes it complete. Throws Failure for what can't be run; nothing is changed. */
export async function prepare(request: NamedRequest): Promise<ContainerSpec> {
  checkKernel(release());
  const image = await resolveImage(stateRoot(), request.image ?? "host");
  const shim = await openShim();
  const read = (path: string) => readInImage(shim, image, path);
  const user = resolveUser(request.user ?? "0", read("etc/passwd"), read("etc/group"));
  return specOf(request, image, user, surroundings());
}

/** Throws Failure when the kernel, by its release as uname(2) gives it, is too old. */
export function checkKernel(kernel: string): void {
  const [major = 0, minor = 0] = kernel.split(/[.-]/).map(Number);
  if (major > KERNEL_MIN.major || (major === KERNEL_MIN.major && minor >= KERNEL_MIN.minor)) return;
  throw new Failure(`tinydocker needs Linux ${KERNEL_MIN.major}.${KERNEL_MIN.minor} or newer, and this is ${kernel}`, {
    code: "kernel-too-old",
    remedy: "Debian 12, Ubuntu 22.04 and later have it",
  });
}

function surroundings(): Surroundings {
  return {
    rootless: process.geteuid?.() !== 0,
    cgroup2: hasCgroup2(),
    env: process.env,
    cwd: process.cwd(),
  };
}

function hasCgroup2(): boolean {
  try {
    return statfsSync("/sys/fs/cgroup").type === CGROUP2_SUPER_MAGIC;
  } catch {
    return false;
  }
}

/** A file of the image's uppermost layer that has it, empty without one. No symlink leads out of the layer. */
function readInImage(shim: Shim, image: Image, path: string): string {
  for (const layer of image.layers) {
    const fd = shim.openInside(layer, path);
    if (fd < 0) continue;
    try {
      if (!fstatSync(fd).isFile()) return "";
      const bytes = Buffer.alloc(Math.min(fstatSync(fd).size, ACCOUNTS_BYTES_MAX));
      return bytes.toString("utf8", 0, readSync(fd, bytes, 0, bytes.length, 0));
    } finally {
      closeSync(fd);
    }
  }
  return "";
}
