import type { Life } from "../spec/life.ts";
import { type ContainerSpec, imageName } from "../spec/spec.ts";
import { recordEvent } from "./record.ts";

/** What an event says of a container, and a container's record has. */
export interface About {
  readonly id: string;
  readonly name: string;
  readonly spec: ContainerSpec;
  readonly life?: Life | undefined;
}

/** `more`: attributes of this action. */
export function containerEvent(
  root: string,
  action: string,
  about: About,
  more: Readonly<Record<string, string>> = {},
): void {
  recordEvent(root, { action, ...actorOf(about, more) });
}

function actorOf({ id, name, spec, life }: About, more: Readonly<Record<string, string>>) {
  return { type: "container", id, attributes: { ...life?.labels, ...more, image: imageName(spec), name } } as const;
}

/** What the monitor says of each event of its container: an object's members, the last one not closed. */
export function monitorsWords(about: About, more: Readonly<Record<string, string>> = {}): string {
  return JSON.stringify(actorOf(about, more)).slice(1, -2);
}
