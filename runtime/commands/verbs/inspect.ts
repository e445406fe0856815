import { resolve } from "node:path";
import { cgroupsOf, isPaused } from "../../container/running.ts";
import { Failure } from "../../failure.ts";
import { inspected } from "../../inspect/inspect.ts";
import { nameOf } from "../../state/containers.ts";
import { readNetworks } from "../../state/network-store.ts";
import { placesOf } from "../../state/places.ts";
import { stateRoot } from "../../state/root.ts";
import { findExisting } from "../../state/status.ts";
import { templateOf } from "../../template/template.ts";
import { jsonOf, type Struct } from "../../template/value.ts";
import { report } from "../report.ts";
import { writeAll } from "../write.ts";
import { verb } from "./verb.ts";

export const inspectVerb = verb({
  synopsis: "NAME [NAME…]",
  describe: "Print what is known of containers, as JSON with docker's names",
  options: {
    format: { type: "string", short: "f", describe: "a template of Go, such as {{.State.Status}}, or json" },
    size: { type: "boolean", short: "s", describe: "accepted: sizes are not shown" },
    type: { type: "string", describe: "container" },
  },
  run: async ({ format, type }, names) => {
    if (names.length === 0) throw new Failure("the name of the container is missing", { code: "usage" });
    if (type !== undefined && type !== "container")
      throw new Failure(`inspect shows containers, not ${JSON.stringify(type)}`, {
        code: "usage",
        remedy: `tinydocker ${type} inspect, where there is such a command`,
      });
    const printed = format === undefined || format === "json" ? undefined : templateOf(format);
    let code = 0;
    const all = names.flatMap((name) => {
      try {
        const one = inspectedNow(name);
        return [printed ? printed(one) : one];
      } catch (error) {
        code = report(error);
        return [];
      }
    });
    writeAll(1, printed ? all.map((text) => `${text}\n`).join("") : `${jsonOf(all, format === "json" ? 0 : 4)}\n`);
    return code;
  },
});

function inspectedNow(asked: string): Struct {
  const root = resolve(stateRoot());
  const places = placesOf(root, nameOf(root, asked));
  const found = findExisting(places, asked);
  const paused = isPaused(cgroupsOf(places, found.entries));
  return inspected(found, { places, networks: readNetworks(root), paused, now: Date.now() });
}
