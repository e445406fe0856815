import { writeSync } from "node:fs";
import { resolve } from "node:path";
import { Failure } from "../../failure.ts";
import { nameOf } from "../../state/containers.ts";
import { stateRoot } from "../../state/root.ts";
import { report } from "../report.ts";

/** Does it to each container that was asked for, one after the other, and prints their names as docker does. Returns the exit code. */
export async function each(asked: readonly string[], work: (name: string) => Promise<void>): Promise<number> {
  let code = 0;
  for (const one of named(asked)) {
    try {
      await work(nameOf(resolve(stateRoot()), one));
      writeSync(1, `${one}\n`);
    } catch (error) {
      code = report(error);
    }
  }
  return code;
}

/** At least one. Throws Failure. */
export function named(asked: readonly string[]): readonly string[] {
  if (asked.length > 0) return asked;
  throw new Failure("the name of the container is missing", { code: "usage" });
}
