import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import koffi from "koffi";

/** A root file system with a writable layer on top, made at the lowest cost: by system calls of this process. */
export interface Overlay {
  readonly root: string;
  mount(): void;
  /** Unmounts it and removes what was written. */
  remove(): void;
}

export function overlayOn(lower: string, directory: string): Overlay {
  const libc = koffi.load(null);
  const mount = libc.func(
    "int mount(const char *source, const char *target, const char *type, ulong flags, const char *data)",
  );
  const umount = libc.func("int umount2(const char *target, int flags)");
  const [upper, work, root] = [join(directory, "upper"), join(directory, "work"), join(directory, "root")];
  const call = (name: string, result: number) => {
    if (result !== 0) throw new Error(`${name} ${root} failed with errno ${koffi.errno()}`);
  };
  mkdirSync(root, { recursive: true });
  return {
    root,
    mount: () => {
      mkdirSync(upper);
      mkdirSync(work);
      const options = `lowerdir=${lower},upperdir=${upper},workdir=${work},volatile`;
      call("mount", mount("overlay", root, "overlay", 0, options));
    },
    remove: () => {
      call("umount2", umount(root, 0));
      rmSync(upper, { recursive: true });
      rmSync(work, { recursive: true });
    },
  };
}
