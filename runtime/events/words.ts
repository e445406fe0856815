import type { Struct } from "../template/value.ts";
import type { Event } from "./event.ts";

/** As docker prints an event, with the time of Greenwich. */
export function eventLine({ time, type, action, id, attributes }: Event): string {
  const sorted = Object.entries(attributes).sort(([one], [other]) => (one < other ? -1 : 1));
  const words = sorted.map(([key, value]) => `${key}=${value}`).join(", ");
  return `${new Date(time).toISOString().replace("Z", "000000Z")} ${type} ${action} ${id} (${words})\n`;
}

/** docker's names, in one line. Nanoseconds are more than a number of JavaScript has. */
export function eventJson({ time, type, action, id, attributes }: Event): string {
  const about = {
    status: action,
    id,
    ...(attributes["image"] === undefined ? {} : { from: attributes["image"] }),
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    scope: "local",
    time: Math.floor(time / 1000),
  };
  return `${JSON.stringify(about).slice(0, -1)},"timeNano":${time}000000}\n`;
}

/** What a template is given. */
export function eventFields({ time, type, action, id, attributes }: Event): Struct {
  return {
    Status: action,
    ID: id,
    From: attributes["image"] ?? "",
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: new Map(Object.entries(attributes)) },
    Scope: "local",
    Time: Math.floor(time / 1000),
    TimeNano: `${time}000000`,
  };
}
