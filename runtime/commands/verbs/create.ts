import { create } from "../../container/create.ts";
import { imageLife } from "../../container/image-defaults.ts";
import { prepare } from "../../container/prepare.ts";
import { Failure } from "../../failure.ts";
import { pullFirst } from "../pull-first.ts";
import { parseRun } from "../run-arguments.ts";
import { writeAll } from "../write.ts";

/** Makes a container by the arguments of `run -d`, and prints its id; `start` starts it. Returns the exit code. Throws Failure. */
export async function createCommand(args: readonly string[]): Promise<number> {
  const { request, detached, streams, pull } = parseRun(["--detach", ...args]);
  if (detached?.remove !== "on request") {
    throw new Failure("a container that is created can't be removed at its exit by itself: there is no create --rm", {
      code: "usage",
      remedy: "tinydocker run -d --rm starts one at once",
    });
  }
  await pullFirst(request.image, pull);
  const spec = await prepare({ ...request, terminal: streams?.terminal ?? false });
  writeAll(1, `${await create(spec, imageLife(detached, spec.annotations))}\n`);
  return 0;
}
