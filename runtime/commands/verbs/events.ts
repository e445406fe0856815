import { resolve } from "node:path";
import { momentOf } from "../../container/log/moment.ts";
import type { Event } from "../../events/event.ts";
import { filterOf } from "../../events/filter.ts";
import { readEvents } from "../../events/read.ts";
import { eventFields, eventJson, eventLine } from "../../events/words.ts";
import { Failure } from "../../failure.ts";
import { stateRoot } from "../../state/root.ts";
import { templateOf } from "../../template/template.ts";
import { writeAll } from "../output/write.ts";
import { verb } from "./verb.ts";

export const eventsVerb = verb({
  synopsis: "",
  describe: "Print what happens to containers, images, networks and volumes, a line each",
  options: {
    since: { type: "string", describe: "from then on: 10m, 2026-11-26T11:00:00Z, or seconds since 1970" },
    until: { type: "string", describe: "until then; default: until it is ended" },
    filter: {
      type: "string",
      short: "f",
      multiple: true,
      describe: "container=, image=, network=, volume=, type=, event= or label=",
    },
    format: { type: "string", describe: "a template of Go, such as {{.Type}} {{.Action}}, or json" },
    json: { type: "boolean", describe: "one object a line" },
  },
  run: async ({ since, until, filter, format, json }, rest) => {
    if (rest.length > 0) throw new Failure(`unknown argument ${rest[0]}: events takes none`, { code: "usage" });
    const now = Date.now();
    const moment = (option: string, written: string) => Date.parse(momentOf(option, written, now));
    const period = {
      since: since === undefined ? now : moment("--since", since),
      until: until === undefined ? undefined : moment("--until", until),
    };
    const isWanted = filterOf(filter ?? []);
    const text = textOf(json ? "json" : format);
    await readEvents(resolve(stateRoot()), period, (event) => {
      if (isWanted(event)) writeAll(1, text(event));
    });
    return 0;
  },
});

function textOf(format: string | undefined): (event: Event) => string {
  if (!format) return eventLine;
  if (format === "json" || format === "{{json .}}") return eventJson;
  const template = templateOf(format);
  return (event) => `${template(eventFields(event))}\n`;
}
