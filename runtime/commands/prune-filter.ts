import { momentOf } from "../container/log/moment.ts";
import { filterOf, hasLabel, truthOf } from "./filter.ts";

const FORMS = "until=TIME|DURATION, label=KEY[=VALUE], label!=KEY[=VALUE]";

export const PRUNE_FILTER = { type: "string", multiple: true, describe: FORMS } as const;
export const PRUNE_FORCE = { type: "boolean", short: "f", describe: "ask nothing on a terminal" } as const;

interface Made {
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** Which are to go, as docker's prune reads its filters: those that were made before a moment, with labels and without. Throws Failure. */
export function pruneFilter(filters: readonly string[]): (one: Made) => boolean {
  return filterOf<Made>(
    filters,
    {
      until: (value) => {
        const moment = Date.parse(momentOf("--filter until", value, Date.now()));
        return ({ created }) => created < moment;
      },
      label: (value) => {
        const matches = hasLabel(value);
        return ({ labels = {} }) => matches(labels);
      },
      "label!": (value) => {
        const matches = hasLabel(value);
        return ({ labels = {} }) => !matches(labels);
      },
    },
    FORMS,
  );
}

/** What a filter says that is docker's other way to write --all, such as all=true, and the others. Throws Failure. */
export function truthsOf(key: string, filters: readonly string[]) {
  const isOwn = (one: string) => one.startsWith(`${key}=`);
  const truths = filters.filter(isOwn).map((one) => truthOf(key, one.slice(key.length + 1), `${key}=true|false`));
  return { truths, others: filters.filter((one) => !isOwn(one)) };
}
