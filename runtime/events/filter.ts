import { Failure } from "../failure.ts";
import type { Event } from "./event.ts";

type Matches = (event: Event) => boolean;

/** `KEY=VALUE` each: all keys must match; of the same key, one value. Throws Failure. */
export function filterOf(filters: readonly string[]): Matches {
  const byKey = new Map<string, Matches[]>();
  for (const filter of filters) {
    const [key = "", value] = filter.split(/=(.*)/s);
    if (value === undefined) throw badFilter(filter);
    byKey.set(key, [...(byKey.get(key) ?? []), matcher(key, value)]);
  }
  return (event) => [...byKey.values()].every((values) => values.some((matches) => matches(event)));
}

function matcher(key: string, value: string): Matches {
  switch (key) {
    case "type":
      return ({ type }) => type === value;
    case "event":
      // An action of a command has that behind a colon.
      return ({ action }) => action === value || action.startsWith(`${value}: `);
    case "container":
      return ({ type, id, attributes }) =>
        type === "container" && (id.startsWith(value) || attributes["name"]?.startsWith(value) === true);
    case "image":
      return ({ type, id, attributes }) =>
        (type === "image" && isImage(id, value)) || (type === "container" && isImage(attributes["image"] ?? "", value));
    case "network":
    case "volume":
      return ({ type, id }) => type === key && id.startsWith(value);
    case "label": {
      const [name = "", text] = value.split(/=(.*)/s);
      return ({ attributes }) => Object.hasOwn(attributes, name) && (text === undefined || attributes[name] === text);
    }
    default:
      throw badFilter(key);
  }
}

/** With or without its tag, as docker. */
function isImage(name: string, value: string): boolean {
  return name === value || name.replace(/:[^:/]*$/, "") === value;
}

function badFilter(filter: string): Failure {
  return new Failure(`--filter does not know ${JSON.stringify(filter)}`, {
    code: "usage",
    remedy: "container=NAME, image=NAME, network=NAME, volume=NAME, type=TYPE, event=ACTION or label=KEY[=VALUE]",
  });
}
