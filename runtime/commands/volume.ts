import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import type { Argv, CommandModule } from "yargs";
import { hostFailure } from "../container/diagnose.ts";
import { Failure } from "../failure.ts";
import { openShim } from "../host/shim.ts";
import { inspectedVolume } from "../inspect/volume.ts";
import { checkedName } from "../spec/name.ts";
import { stateRoot } from "../state/root.ts";
import { rowsText } from "../template/rows.ts";
import { jsonOf } from "../template/value.ts";
import { noSuchVolume, pruneVolumes, removeVolume, usersOf } from "../volume/remove.ts";
import { isAnonymous, makeVolume, readVolume, type Volume, volumeNames, volumesDirectory } from "../volume/store.ts";
import { forEachName } from "./each-name.ts";
import { filterOf, filterOption, hasLabel, isNamedLike, type Matchers, truthOf } from "./filter.ts";
import { printInspected } from "./print-inspected.ts";

export const volumeCommand: CommandModule = {
  command: "volume",
  describe: "Create, list, inspect and remove volumes",
  builder: (yargs: Argv) =>
    yargs
      .command(createCommand)
      .command(listCommand)
      .command(inspectCommand)
      .command(removeCommand)
      .command(pruneCommand)
      .demandCommand(1, "the command is missing: create, ls, inspect, rm or prune"),
  handler: () => {},
};

const createCommand: CommandModule<object, { name: string | undefined; label: string[] }> = {
  command: "create [name]",
  describe: "Make a volume; without a name, one that prune removes",
  builder: (yargs) =>
    yargs
      .positional("name", { type: "string", describe: "the volume's name" })
      .option("driver", { alias: "d", choices: ["local"], describe: "accepted: all are directories of this machine" })
      .option("label", { type: "string", array: true, nargs: 1, default: [] as string[], describe: "KEY[=VALUE]" }),
  handler: async ({ name = randomBytes(32).toString("hex"), label }) => {
    const root = resolve(stateRoot());
    const labels = labelsOf(label);
    const made = {
      version: 1,
      name: checkedVolume(name),
      created: Date.now(),
      labels,
      anonymous: isAnonymous(name),
    } as const;
    await changing(`create the volume ${name}`, () => makeVolume(root, made));
    process.stdout.write(`${name}\n`);
  },
};

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

function labelsOf(labels: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    labels.map((label): [string, string] => {
      const [key = "", value = ""] = label.split(/=(.*)/s);
      if (key === "")
        throw new Failure(`--label takes KEY or KEY=VALUE, not ${JSON.stringify(label)}`, { code: "usage" });
      return [key, value];
    }),
  );
}

interface ListArguments {
  json: boolean;
  quiet: boolean;
  filter: string[];
  format: string | undefined;
}

const FILTERS = "name=TEXT, label=KEY[=VALUE], dangling=true|false, driver=local";

const listCommand: CommandModule<object, ListArguments> = {
  command: "ls",
  aliases: ["list"],
  describe: "List the volumes",
  builder: (yargs) =>
    yargs
      .option("json", { type: "boolean", default: false, describe: "as one JSON array" })
      .option("quiet", { type: "boolean", alias: "q", default: false, describe: "only their names" })
      .option("filter", filterOption(FILTERS))
      .option("format", { type: "string", describe: "a template of Go, or json" }),
  handler: ({ json, quiet, filter, format }) => {
    const root = resolve(stateRoot());
    const all = volumeNames(root)
      .flatMap((name) => readVolume(root, name) ?? [])
      .filter(filterOf(filter, matchersOf(root), FILTERS))
      .map((volume) => inspectedVolume(root, volume));
    process.stdout.write(json ? `${jsonOf(all)}\n` : rowsText(quiet ? "{{.Name}}" : (format ?? TABLE), all, TITLES));
  },
};

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
const TITLES = { Driver: "DRIVER", Name: "VOLUME NAME", Mountpoint: "MOUNTPOINT", Scope: "SCOPE", Labels: "LABELS" };

const inspectCommand: CommandModule<object, { names: string[]; format: string | undefined }> = {
  command: "inspect <names..>",
  describe: "Print volumes, as JSON with docker's names",
  builder: (yargs) =>
    yargs
      .positional("names", { type: "string", array: true, demandOption: true, describe: "the volumes" })
      .option("format", { type: "string", alias: "f", describe: "a template of Go" }),
  handler: ({ names, format }) => {
    const root = resolve(stateRoot());
    return printInspected(names, format, (name) => inspectedVolume(root, existing(root, name)));
  },
};

function existing(root: string, name: string): Volume {
  const volume = readVolume(root, checkedVolume(name));
  if (volume) return volume;
  throw noSuchVolume(name);
}

const removeCommand: CommandModule<object, { names: string[]; force: boolean }> = {
  command: "rm <names..>",
  aliases: ["remove"],
  describe: "Remove volumes that no container has, with all their files",
  builder: (yargs) =>
    yargs
      .positional("names", { type: "string", array: true, demandOption: true, describe: "the volumes" })
      .option("force", { type: "boolean", alias: "f", default: false, describe: "none that is missing is an error" }),
  handler: async ({ names, force }) => {
    const [shim, root] = [await openShim(), resolve(stateRoot())];
    await forEachName(names, async (name) => {
      if (force && !readVolume(root, checkedVolume(name))) return;
      await changing(`remove the volume ${name}`, () => removeVolume(shim, root, checkedVolume(name)));
      process.stdout.write(`${name}\n`);
    });
  },
};

const pruneCommand: CommandModule<object, { all: boolean; force: boolean }> = {
  command: "prune",
  describe: "Remove the volumes without a name that no container has",
  builder: (yargs) =>
    yargs
      .option("all", { type: "boolean", alias: "a", default: false, describe: "also those with a name" })
      .option("force", { type: "boolean", alias: "f", default: false, describe: "accepted: it never asks" }),
  handler: async ({ all }) => {
    const shim = await openShim();
    const removed = await changing("remove the unused volumes", () => pruneVolumes(shim, resolve(stateRoot()), all));
    for (const name of removed) process.stdout.write(`${name}\n`);
  },
};
