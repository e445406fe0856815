import type { Mount } from "../mounts.ts";
import { bytesOf } from "../size.ts";
import { textFault } from "../text.ts";
import { checkedDestination } from "./destination.ts";
import { notAMount } from "./refusal.ts";

const REMEDY = "use --tmpfs DST[:OPTION,…] with options of tmpfs(5), such as size=64m, mode=1777 or exec";

/** docker's; nothing in a container but its /dev may have devices that work. */
const DEFAULTS = ["nosuid", "nodev", "noexec"];
const FLAGS = [
  "ro",
  "nosuid",
  "nodev",
  "noexec",
  "noatime",
  "nodiratime",
  "relatime",
  "strictatime",
  "sync",
  "dirsync",
];
/** Each takes back the flag on its right. */
const OPPOSITES: Readonly<Record<string, string>> = {
  rw: "ro",
  suid: "nosuid",
  exec: "noexec",
  atime: "noatime",
  diratime: "nodiratime",
  norelatime: "relatime",
  nostrictatime: "strictatime",
  async: "sync",
};
const isOctal = (value: string) => /^[0-7]{1,4}$/.test(value);
const isSize = (value: string) => bytesOf(value) !== undefined;
const isId = (value: string) => /^\d+$/.test(value) && Number(value) < 2 ** 32 - 1;
const VALUES: Readonly<Record<string, (value: string) => boolean>> = {
  size: (value) => isSize(value) || /^\d+%$/.test(value),
  mode: isOctal,
  uid: isId,
  gid: isId,
  nr_inodes: isSize,
  nr_blocks: isSize,
  mpol: (value) => /^(default|local|prefer|bind|interleave)(=(static|relative))?(:[\d,-]+)?$/.test(value),
};

/** DST[:OPTION,…] of --tmpfs. Throws Failure for anything else. */
export function tmpfsOfText(asked: string): Mount {
  const fault = textFault(asked);
  if (fault !== undefined) throw notAMount(asked, `it ${fault}`, REMEDY);
  const colon = asked.indexOf(":");
  const destination = colon < 0 ? asked : asked.slice(0, colon);
  const options = colon < 0 ? "" : asked.slice(colon + 1);
  return tmpfs(asked, checkedDestination(asked, destination), options.split(","));
}

/** `asked`: the words of the command line. Of contradictory options the last one counts, as with mount(8). */
export function tmpfs(asked: string, destination: string, options: readonly string[]): Mount {
  const flags = new Set(DEFAULTS);
  const values = new Map<string, string>();
  for (const option of options) {
    const [key = "", value] = option.split(/=(.*)/s);
    const opposite = OPPOSITES[option];
    if (FLAGS.includes(option)) flags.add(option);
    else if (opposite !== undefined) flags.delete(opposite);
    else if (value !== undefined && VALUES[key]?.(value)) values.set(key, value);
    else if (option !== "" && option !== "defaults") throw notAnOption(asked, option);
  }
  const data = Array.from(values, ([key, value]) => `${key}=${key === "size" ? sizeOf(value) : value}`);
  return { destination, type: "tmpfs", source: "tmpfs", options: [...flags, ...data] };
}

/** The kernel knows no fractions, and its units have one letter. */
function sizeOf(value: string): string {
  return String(bytesOf(value) ?? value);
}

function notAnOption(asked: string, option: string) {
  const why =
    option === "dev"
      ? "dev is not supported: only the devices of the container's own /dev work"
      : `${JSON.stringify(option)} is not an option of a tmpfs`;
  return notAMount(asked, why, REMEDY);
}
