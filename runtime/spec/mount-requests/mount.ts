import { labelsOf } from "../labels.ts";
import type { Mount } from "../mounts.ts";
import { textFault } from "../text.ts";
import { volumeOptionsOf } from "../volume-options.ts";
import { absoluteSource, bind, isPropagation } from "./bind.ts";
import { fieldsOf } from "./csv.ts";
import { checkedDestination } from "./destination.ts";
import { ofVolume, type VolumesPlace } from "./named-volume.ts";
import { notAMount } from "./refusal.ts";
import { tmpfs } from "./tmpfs.ts";

const REMEDY =
  "use --mount type=bind,src=PATH,dst=PATH[,ro], type=volume,src=NAME,dst=PATH[,ro] or type=tmpfs,dst=PATH[,tmpfs-size=64m]";

/** docker's other names for a key. */
const ALIASES: Readonly<Record<string, string>> = {
  src: "source",
  dst: "target",
  destination: "target",
  ro: "readonly",
};
const SWITCHES = ["readonly", "bind-nonrecursive", "volume-nocopy"];
const TYPES: Readonly<Record<string, readonly string[]>> = {
  bind: ["source", "readonly", "consistency", "bind-propagation", "bind-recursive", "bind-nonrecursive"],
  volume: [
    "source",
    "readonly",
    "consistency",
    "volume-nocopy",
    "volume-subpath",
    "volume-driver",
    "volume-label",
    "volume-opt",
  ],
  tmpfs: ["readonly", "tmpfs-size", "tmpfs-mode"],
};

/** The fields of one --mount, by docker's longest name of each. Of one that is given twice, the last counts, but for labels and options. */
type Fields = ReadonlyMap<string, string>;

/** KEY=VALUE,… as docker's --mount; a relative source is below cwd. Throws Failure for anything else. */
export function mountOfFields(asked: string, cwd: string | undefined, volumes?: VolumesPlace): Mount {
  const refuse = (why: string) => notAMount(asked, why, REMEDY);
  const fault = textFault(asked);
  if (fault !== undefined) throw refuse(`it ${fault}`);
  const texts = fieldsOf(asked);
  if (texts === undefined) throw refuse("a quote is not closed, or stands inside a field");
  const pairs = texts.map((text) => fieldOf(text, refuse));
  const fields: Fields = new Map(pairs);
  // docker's default.
  const type = fields.get("type")?.toLowerCase() ?? "volume";
  const known = TYPES[type];
  if (known === undefined) throw refuse(`there is no type ${JSON.stringify(type)}`);
  for (const key of fields.keys()) {
    if (key !== "type" && key !== "target" && !known.includes(key)) throw refuse(`a ${type} has no field ${key}`);
  }
  const target = fields.get("target");
  if (target === undefined) throw refuse("it has no dst=");
  const destination = checkedDestination(asked, target);
  if (type === "volume") return volumeOf(pairs, destination, volumes, refuse);
  return type === "bind"
    ? bindOf(fields, destination, cwd, refuse)
    : tmpfs(asked, destination, tmpfsOptions(fields, refuse));
}

type Refuse = (why: string) => Error;

function fieldOf(text: string, refuse: Refuse): [string, string] {
  const [written = "", value] = text.split(/=(.*)/s);
  const lower = written.toLowerCase();
  const key = ALIASES[lower] ?? lower;
  if (value !== undefined && value.trim() === value && value !== "") return [key, value];
  if (value === undefined && SWITCHES.includes(key)) return [key, "true"];
  throw refuse(`${JSON.stringify(text)} is not KEY=VALUE`);
}

function bindOf(fields: Fields, destination: string, cwd: string | undefined, refuse: Refuse): Mount {
  const source = fields.get("source");
  if (source === undefined) throw refuse("it has no src=");
  const propagation = fields.get("bind-propagation") ?? "rprivate";
  if (!isPropagation(propagation))
    throw refuse(`bind-propagation is rprivate, rslave or rshared, or one of them without r, not ${propagation}`);
  return bind(absoluteSource(source, cwd), destination, { ...limitsOf(fields, refuse), propagation });
}

type Pair = readonly [key: string, value: string];

function volumeOf(
  pairs: readonly Pair[],
  destination: string,
  volumes: VolumesPlace | undefined,
  refuse: Refuse,
): Mount {
  const fields: Fields = new Map(pairs);
  const all = (name: string) => pairs.flatMap(([key, value]) => (key === name ? [value] : []));
  const driver = fields.get("volume-driver") ?? "local";
  if (driver !== "local") throw refuse(`there is no volume-driver ${driver}: volumes are directories of this machine`);
  const source = fields.get("source");
  if (source?.includes("/"))
    throw refuse(`${JSON.stringify(source)} is not the name of a volume; add type=bind for a path of the host`);
  return ofVolume(source, destination, limitsOf(fields, refuse), {
    volumes,
    nocopy: flag(fields, "volume-nocopy", refuse),
    subpath: fields.get("volume-subpath"),
    labels: labelsOf(all("volume-label")),
    options: volumeOptionsOf(all("volume-opt")),
    refuse,
  });
}

function limitsOf(fields: Fields, refuse: Refuse): Parameters<typeof bind>[2] {
  const isReadonly = flag(fields, "readonly", refuse);
  const recursion =
    fields.get("bind-recursive") ?? (flag(fields, "bind-nonrecursive", refuse) ? "disabled" : "enabled");
  switch (recursion) {
    case "enabled":
      return { recursive: true, readonly: isReadonly ? "recursively" : "no" };
    case "disabled":
      return { recursive: false, readonly: isReadonly ? "only itself" : "no" };
    case "writable":
    case "readonly":
      if (!isReadonly) throw refuse(`bind-recursive=${recursion} needs ro`);
      return { recursive: true, readonly: recursion === "readonly" ? "recursively" : "only itself" };
    default:
      throw refuse(`bind-recursive is enabled, disabled, writable or readonly, not ${JSON.stringify(recursion)}`);
  }
}

function tmpfsOptions(fields: Fields, refuse: Refuse): string[] {
  const [size, mode] = [fields.get("tmpfs-size"), fields.get("tmpfs-mode")];
  return [
    ...(flag(fields, "readonly", refuse) ? ["ro"] : []),
    ...(size === undefined ? [] : [`size=${size}`]),
    ...(mode === undefined ? [] : [`mode=${mode}`]),
  ];
}

function flag(fields: Fields, key: string, refuse: Refuse): boolean {
  const value = fields.get(key) ?? "false";
  if (/^(1|t|true)$/i.test(value)) return true;
  if (/^(0|f|false)$/i.test(value)) return false;
  throw refuse(`${key} is true or false, not ${JSON.stringify(value)}`);
}
