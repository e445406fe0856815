import { Failure } from "../../failure.ts";
import { joinedBy } from "../../spec/sharing.ts";
import { nameOf } from "../../state/containers.ts";
import { placesAt, placesOf } from "../../state/places.ts";
import { find, findExisting } from "../../state/status.ts";
import { hasExecuted } from "./running.ts";

/**
 * The first processes of the containers whose namespaces the one with that key joins, in the order of its slots, a line each: pid
 * and start time, 0 where one does not run, - where one was removed. A monitor asks for it before it starts that one again.
 */
export function joinedNow(root: string, key: string): string {
  const record = find(placesAt(root, key))?.record;
  return record
    ? joinedBy(record.spec.linux)
        .map((id) => `${processOf(root, id)}\n`)
        .join("")
    : "";
}

function processOf(root: string, id: string): string {
  try {
    const { status } = findExisting(placesOf(root, nameOf(root, id)), id);
    // One that is being set up may still have the machine's network.
    return status.state === "running" && hasExecuted(status.process.pid)
      ? `${status.process.pid} ${status.process.startTime}`
      : "0";
  } catch (error) {
    return error instanceof Failure && error.code === "container-not-found" ? "-" : "0";
  }
}
