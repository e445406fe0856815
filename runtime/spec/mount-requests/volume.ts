import type { Mount } from "../mounts.ts";
import { textFault } from "../text.ts";
import { absoluteSource, bind, isPropagation } from "./bind.ts";
import { checkedDestination } from "./destination.ts";
import { ofVolume, type VolumesPlace } from "./named-volume.ts";
import { notAMount } from "./refusal.ts";

const REMEDY =
  "use -v SRC:DST[:ro] with a path of the host, or the name of a volume, and an absolute path in the container";

/** docker's words that change nothing here: there is no SELinux label, and no cache of a virtual machine. */
const ACCEPTED = ["rw", "z", "Z", "consistent", "cached", "delegated"];
const CONFLICTS = [
  ["ro", "rw"],
  ["z", "Z"],
  ["consistent", "cached"],
  ["consistent", "delegated"],
  ["cached", "delegated"],
];

/** [SRC:]DST[:OPTION,…]; a relative SRC is below cwd, a name is that of a volume. Throws Failure for anything else. */
export function volumeMount(volume: string, cwd: string | undefined, volumes?: VolumesPlace): Mount {
  const { source, destination, options } = partsOf(volume);
  const limits = { readonly: options.includes("ro") ? "recursively" : "no", recursive: true } as const;
  const there = checkedDestination(volume, destination);
  if (source === undefined || !isPath(source)) {
    const unfit = options.find(isPropagation);
    if (unfit !== undefined) throw notAVolume(volume, `${unfit} is for a directory of the host`);
    return ofVolume(source, there, limits, {
      volumes,
      nocopy: options.includes("nocopy"),
      refuse: (why) => notAVolume(volume, why),
    });
  }
  if (options.includes("nocopy")) throw notAVolume(volume, "nocopy is for a volume with a name");
  return bind(absoluteSource(source, cwd), there, { ...limits, propagation: options.find(isPropagation) });
}

interface Parts {
  /** Absent: a volume without a name. */
  readonly source: string | undefined;
  readonly destination: string;
  readonly options: readonly string[];
}

function partsOf(volume: string): Parts {
  const parts = volume.split(":");
  const [first = "", second, mode, ...rest] = parts;
  const fault = textFault(volume);
  if (fault !== undefined) throw notAVolume(volume, `it ${fault}`);
  if (first === "" || second === "" || rest.length > 0) throw notAVolume(volume, "it is not [SRC:]DST[:ro]");
  const options = mode === undefined ? [] : checkedOptions(volume, mode.split(","));
  return second === undefined
    ? { source: undefined, destination: first, options }
    : { source: first, destination: second, options };
}

/** docker's rule: what has a slash, or is . or .., is a path. */
function isPath(source: string): boolean {
  return source.includes("/") || source === "." || source === "..";
}

function checkedOptions(volume: string, options: readonly string[]): readonly string[] {
  for (const option of options) {
    if (option !== "ro" && option !== "nocopy" && !isPropagation(option) && !ACCEPTED.includes(option))
      throw notAVolume(volume, `${JSON.stringify(option)} is neither ro nor rw`);
  }
  const conflict = CONFLICTS.find((words) => words.every((word) => options.includes(word)));
  if (conflict) throw notAVolume(volume, `it is both ${conflict.join(" and ")}`);
  const [one, other] = options.filter(isPropagation);
  if (other !== undefined) throw notAVolume(volume, `it is both ${one} and ${other}`);
  return options;
}

function notAVolume(volume: string, why: string) {
  return notAMount(volume, why, REMEDY);
}
