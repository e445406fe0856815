import { Failure } from "../../failure.ts";
import type { Mount } from "../../spec/mounts.ts";
import { nameOf } from "../../state/containers.ts";
import { placesOf } from "../../state/places.ts";
import { findExisting } from "../../state/status.ts";

/** What is mounted in another container of this machine and of its volumes; NAME or NAME:MODE. Throws Failure. */
export function volumesFrom(root: string, written: string): Mount[] {
  const [asked = "", mode = "rw", ...more] = written.split(":");
  if (more.length > 0 || !MODES.includes(mode)) throw misused(written);
  const name = nameOf(root, asked);
  const { mounts } = findExisting(placesOf(root, name), name).record.spec;
  return mounts
    .filter(({ type, container }) => type === "bind" && container === undefined)
    .map(({ anonymous: _, ...mount }) => (mode.startsWith("ro") ? readonly(mount) : mount));
}

/** With docker's words that change nothing here. */
const MODES = ["rw", "ro", "z", "Z", "rw,z", "rw,Z", "ro,z", "ro,Z"];

function readonly(mount: Mount): Mount {
  const { options } = mount;
  return options.includes("rro") ? mount : { ...mount, options: [...options.filter((one) => one !== "ro"), "rro"] };
}

function misused(written: string): Failure {
  return new Failure(`--volumes-from takes NAME, NAME:ro or NAME:rw, not ${JSON.stringify(written)}`, {
    code: "usage",
  });
}
