import { resolve } from "node:path";
import { Failure, type FailureCode } from "../../failure.ts";
import { handleOf } from "../../state/containers.ts";
import type { Handle } from "../../state/handle.ts";
import { stateRoot } from "../../state/root.ts";
import { codeOfEach } from "../each-name.ts";
import { someOf } from "../operands.ts";
import { writeAll } from "../output/write.ts";

/**
 * Does it to each container that was asked for, one after the other, and prints their names as docker does. Returns the exit
 * code; a failure with the code `excused` is reported too, but does not count. `otherwise`: what else may be done where the work
 * fails; false: the failure stays.
 */
export async function each(
  asked: readonly string[],
  work: (container: Handle) => Promise<void>,
  excused?: FailureCode,
  otherwise?: (root: string, name: string) => Promise<boolean>,
): Promise<number> {
  const doOne = async (one: string) => {
    const root = resolve(stateRoot());
    try {
      await work(handleOf(root, one));
    } catch (error) {
      if (!(await otherwise?.(root, one))) throw error;
    }
    writeAll(1, `${one}\n`);
  };
  return await codeOfEach(named(asked), doOne, excused);
}

/** The only one that was given. Throws Failure. */
export function one(asked: readonly string[]): string {
  const [first = "", second] = named(asked);
  if (second === undefined) return first;
  throw new Failure(`unknown argument ${second}: the command takes one container`, { code: "usage" });
}

/** At least one. Throws Failure. */
export function named(asked: readonly string[]): readonly string[] {
  return someOf(asked, "the name of the container");
}
