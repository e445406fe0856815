import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { hostFailure } from "../container/failure/diagnose.ts";
import { openShim } from "../host/shim.ts";
import { inspectedVolume } from "../inspect/volume.ts";
import { labelsOf } from "../spec/labels.ts";
import { checkedName } from "../spec/name.ts";
import { volumeOptionsOf } from "../spec/volume-options.ts";
import { stateRoot } from "../state/root.ts";
import { LABEL_TITLES, labelFields } from "../template/labels.ts";
import { formatAsked, rowsText } from "../template/rows.ts";
import { jsonOf } from "../template/value.ts";
import { noSuchVolume, pruneVolumes, removeVolume, usersOf } from "../volume/remove.ts";
import { isAnonymous, makeVolume, readVolume, type Volume, volumeNames, volumesDirectory } from "../volume/store.ts";
import { confirmed } from "./confirm.ts";
import { codeOfEach } from "./each-name.ts";
import { filterOf, filterOption, hasLabel, isNamedLike, type Matchers, truthOf } from "./filter.ts";
import { accepted, operands, someOf } from "./operands.ts";
import { writeAll } from "./output/write.ts";
import { printInspected } from "./print-inspected.ts";
import { PRUNE_FILTER, PRUNE_FORCE, pruneFilter, truthsOf } from "./prune-filter.ts";
import { untyped, type Verbs, verb } from "./verbs/verb.ts";

const createVerb = verb({
  synopsis: "[NAME]",
  describe: "Make a volume; without a name, one that prune removes",
  options: {
    driver: { type: "string", short: "d", describe: "local, which is accepted: all are directories of this machine" },
    label: { type: "string", multiple: true, describe: "KEY[=VALUE]" },
    opt: {
      type: "string",
      short: "o",
      multiple: true,
      describe: "type=none, o=bind and device=DIR: it is that directory of this machine",
    },
    name: { type: "string", describe: "NAME, as docker once took it" },
  },
  run: async ({ driver, label, opt, name: old }, rest) => {
    const [name = randomBytes(32).toString("hex")] = nameAsked(old === undefined ? rest : [old, ...rest]);
    accepted("driver", "local", driver);
    const root = resolve(stateRoot());
    const labels = labelsOf(label);
    const made = {
      version: 1,
      name: checkedVolume(name),
      created: Date.now(),
      labels,
      anonymous: isAnonymous(name),
      ...(opt.length > 0 && { options: volumeOptionsOf(opt) }),
    } as const;
    await changing(`create the volume ${name}`, () => makeVolume(root, made));
    writeAll(1, `${name}\n`);
    return 0;
  },
});

/** Without one, it gets one that nobody chose. */
function nameAsked(given: readonly string[]): readonly string[] {
  return given.length === 0 ? [] : operands(given, ["the name of the volume"]);
}

/** A disk that takes nothing is named. */
async function changing<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw hostFailure(error, what, volumesDirectory(resolve(stateRoot())));
  }
}

/** One without a name has a longer one. */
function checkedVolume(name: string): string {
  return isAnonymous(name) ? name : checkedName("volume", name);
}

const FILTERS = "name=TEXT, label=KEY[=VALUE], dangling=true|false, driver=local";

const listVerb = verb({
  synopsis: "",
  describe: "List the volumes",
  options: {
    json: { type: "boolean", describe: "as one JSON array" },
    quiet: { type: "boolean", short: "q", describe: "only their names" },
    filter: filterOption(FILTERS),
    format: { type: "string", describe: "a template of Go, or json" },
  },
  run: async ({ json, quiet, filter, format }, rest) => {
    operands(rest, []);
    const root = resolve(stateRoot());
    const all = volumeNames(root)
      .flatMap((name) => readVolume(root, name) ?? [])
      .filter(filterOf(filter, matchersOf(root), FILTERS));
    const inspected = all.map((volume) => inspectedVolume(root, volume));
    const rows = inspected.map((one, i) => ({ ...one, ...UNTOLD, ...labelFields(all[i]?.labels ?? {}) }));
    const template = formatAsked(format) ?? (quiet ? "{{.Name}}" : TABLE);
    writeAll(1, json ? `${jsonOf(inspected)}\n` : rowsText(template, rows, TITLES));
    return 0;
  },
});

function matchersOf(root: string): Matchers<Volume> {
  return {
    name: (value) => {
      const matches = isNamedLike(value);
      return ({ name }) => matches(name);
    },
    label: (value) => {
      const matches = hasLabel(value);
      return ({ labels }) => matches(labels);
    },
    dangling: (value) => {
      const wanted = truthOf("dangling", value, FILTERS);
      return ({ name }) => (usersOf(root, name).length === 0) === wanted;
    },
    driver: (value) => () => value === "local",
  };
}

const TABLE = "table {{.Driver}}\t{{.Name}}";
/** docker's list says no more of these either. */
const UNTOLD = { Availability: "N/A", Group: "N/A", Links: "N/A", Size: "N/A", Status: "N/A" } as const;
const TITLES = { Driver: "DRIVER", Name: "VOLUME NAME", Mountpoint: "MOUNTPOINT", Scope: "SCOPE", ...LABEL_TITLES };

const inspectVerb = verb({
  synopsis: "NAME [NAME…]",
  describe: "Print volumes, as JSON with docker's names",
  options: { format: { type: "string", short: "f", describe: "a template of Go" } },
  run: async ({ format }, rest) => {
    const root = resolve(stateRoot());
    const inspect = (name: string) => inspectedVolume(root, existing(root, name));
    return printInspected(someOf(rest, "the name of the volume"), format, inspect);
  },
});

function existing(root: string, name: string): Volume {
  const volume = readVolume(root, checkedVolume(name));
  if (volume) return volume;
  throw noSuchVolume(name);
}

const removeVerb = verb({
  synopsis: "NAME [NAME…]",
  describe: "Remove volumes that no container has, with all their files",
  options: { force: { type: "boolean", short: "f", describe: "none that is missing is an error" } },
  run: async ({ force = false }, rest) => {
    const names = someOf(rest, "the name of the volume");
    const [shim, root] = [await openShim(), resolve(stateRoot())];
    return codeOfEach(names, async (name) => {
      if (force && !readVolume(root, checkedVolume(name))) return;
      await changing(`remove the volume ${name}`, () => removeVolume(shim, root, checkedVolume(name)));
      writeAll(1, `${name}\n`);
    });
  },
});

export const volumePruneVerb = verb({
  synopsis: "",
  describe: "Remove the volumes without a name that no container has",
  options: {
    all: { type: "boolean", short: "a", describe: "also those with a name" },
    filter: { ...PRUNE_FILTER, describe: `${PRUNE_FILTER.describe}, all=true|false` },
    force: PRUNE_FORCE,
  },
  run: async ({ all = false, filter, force }, rest) => {
    operands(rest, []);
    const { truths, others } = truthsOf("all", filter);
    const isAll = all || truths.includes(true);
    const isWanted = pruneFilter(others);
    await confirmed(`the volumes ${isAll ? "" : "without a name "}that no container has, with all their files`, force);
    const shim = await openShim();
    const removed = await changing("remove the unused volumes", () =>
      pruneVolumes(shim, resolve(stateRoot()), (volume) => (isAll || volume.anonymous) && isWanted(volume)),
    );
    writeAll(1, removed.map((name) => `${name}\n`).join(""));
    return 0;
  },
});

/** In the order of the help. */
export const VOLUME_VERBS = {
  create: untyped(createVerb),
  ls: untyped(listVerb),
  inspect: untyped(inspectVerb),
  rm: untyped(removeVerb),
  prune: untyped(volumePruneVerb),
} satisfies Verbs;
