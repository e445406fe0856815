import { AT, flagNames, MOUNT_ATTR, MS } from "../linux.ts";
import type { Step } from "../plan/step.ts";
import { orNull, quoted } from "./text.ts";

/** The steps that mount. */
export type MountStep = Step & {
  op:
    | "PRIVATE"
    | "MOUNT"
    | "TMPFS"
    | "FSMOUNT"
    | "OPEN_TREE"
    | "OPEN_IN"
    | "OPEN_BELOW"
    | "PROPAGATE"
    | "SETATTR"
    | "MOVE_MOUNT"
    | "PIVOT_ROOT"
    | "DETACH"
    | "MASK"
    | "READONLY"
    | "MOUNT_RDONLY";
};

export function mountCall(step: MountStep): string {
  switch (step.op) {
    case "PRIVATE":
      return `mount(NULL, "/", NULL, MS_REC|MS_PRIVATE, NULL)`;
    case "MOUNT":
      return `mount(${orNull(step.source)}, ${quoted(step.target)}, ${orNull(step.type)}, ${flagNames(step.flags, MS)}, ${orNull(step.data)})`;
    case "TMPFS":
      return `mount("tmpfs", ${quoted(step.target)}, "tmpfs", ${flagNames(step.flags, MS)}, ${quoted(step.data)} /* and mode= of the directory */)`;
    case "FSMOUNT":
      return `fsmount(fsopen(${quoted(step.type)}, 0), 0, ${flagNames(step.attributes, MOUNT_ATTR)}) = slot ${step.slot}`;
    case "OPEN_TREE":
      return `open_tree(AT_FDCWD, ${quoted(step.path)}, OPEN_TREE_CLONE${further(step.flags)}) = slot ${step.slot}`;
    case "OPEN_IN":
      return `setns(slot ${step.process}, CLONE_NEWNS), open_tree(AT_FDCWD, ${quoted(step.path)}, OPEN_TREE_CLONE) = slot ${step.slot}, setns(/* back */)`;
    case "OPEN_BELOW":
      return `open_tree(openat2(${quoted(step.directory)}, ${quoted(step.path)}, RESOLVE_IN_ROOT), "", AT_EMPTY_PATH|OPEN_TREE_CLONE${further(step.flags)}) = slot ${step.slot}`;
    case "PROPAGATE":
      return `mount_setattr(slot ${step.slot}, "", AT_EMPTY_PATH${further(step.flags)}, {propagation=${flagNames(step.propagation, MS)}})`;
    case "SETATTR":
      return `mount_setattr(slot ${step.slot}, "", AT_EMPTY_PATH${further(step.flags)}, {attr_set=${flagNames(step.attributes, MOUNT_ATTR)}})`;
    case "MOVE_MOUNT":
      return `move_mount(slot ${step.slot}, "", AT_FDCWD, ${quoted(step.path)}, MOVE_MOUNT_F_EMPTY_PATH)`;
    case "PIVOT_ROOT":
      return `chdir(${quoted(step.path)}), pivot_root(".", ".")`;
    case "DETACH":
      return `umount2(".", MNT_DETACH)`;
    case "MASK":
      return `mount("/dev/null" or an empty tmpfs, ${quoted(step.path)})`;
    case "READONLY":
      return `mount(${quoted(step.path)}, ${quoted(step.path)}, NULL, MS_BIND|MS_REC|MS_RDONLY, NULL)`;
    case "MOUNT_RDONLY":
      return `mount_setattr(AT_FDCWD, ${quoted(step.path)}, 0, {attr_set=MOUNT_ATTR_RDONLY})`;
  }
}

function further(flags: number | bigint): string {
  return flags === 0 ? "" : `|${flagNames(flags, AT)}`;
}
