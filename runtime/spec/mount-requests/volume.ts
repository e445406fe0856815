import type { Mount } from "../mounts.ts";
import { textFault } from "../text.ts";
import { absoluteSource, bind } from "./bind.ts";
import { checkedDestination } from "./destination.ts";
import { notAMount } from "./refusal.ts";

const REMEDY = "use -v SRC:DST[:ro] with a path of the host and an absolute path in the container";

/** docker's words that change nothing here: there is no SELinux label, no other propagation, and no cache of a virtual machine. */
const ACCEPTED = ["rw", "z", "Z", "private", "rprivate", "consistent", "cached", "delegated"];
const CONFLICTS = [
  ["ro", "rw"],
  ["z", "Z"],
  ["private", "rprivate"],
  ["consistent", "cached"],
  ["consistent", "delegated"],
  ["cached", "delegated"],
];
const MISSING: Readonly<Record<string, string>> = {
  nocopy: "it is for named volumes, and there are none",
  shared: "mounts made later do not propagate",
  rshared: "mounts made later do not propagate",
  slave: "mounts made later do not propagate",
  rslave: "mounts made later do not propagate",
};

/** SRC:DST[:OPTION,…]; a relative SRC is below cwd. Throws Failure for anything else. */
export function volumeMount(volume: string, cwd: string | undefined): Mount {
  const [source, destination, mode, ...rest] = volume.split(":");
  if (!source || !destination || rest.length > 0) throw notAVolume(volume, "it is not SRC:DST[:ro]");
  const fault = textFault(volume);
  if (fault !== undefined) throw notAVolume(volume, `it ${fault}`);
  const options = mode === undefined ? [] : checkedOptions(volume, mode.split(","));
  if (!/^\.{0,2}\//.test(source) && source !== "." && source !== "..") {
    throw notAVolume(volume, `${JSON.stringify(source)} is not a path; there are no named volumes, write ./${source}`);
  }
  return bind(absoluteSource(source, cwd), checkedDestination(volume, destination), {
    readonly: options.includes("ro") ? "recursively" : "no",
    recursive: true,
  });
}

function checkedOptions(volume: string, options: readonly string[]): readonly string[] {
  for (const option of options) {
    const missing = MISSING[option];
    if (missing !== undefined) throw notAVolume(volume, `${option} is not supported: ${missing}`);
    if (option !== "ro" && !ACCEPTED.includes(option))
      throw notAVolume(volume, `${JSON.stringify(option)} is neither ro nor rw`);
  }
  const conflict = CONFLICTS.find((words) => words.every((word) => options.includes(word)));
  if (conflict) throw notAVolume(volume, `it is both ${conflict.join(" and ")}`);
  return options;
}

function notAVolume(volume: string, why: string) {
  return notAMount(volume, why, REMEDY);
}
