import { create } from "../../container/create.ts";
import { imageLife } from "../../container/request/image-defaults.ts";
import { prepare } from "../../container/request/prepare.ts";
import { Failure } from "../../failure.ts";
import { pullFirst } from "../image/pull-first.ts";
import { writeAll } from "../output/write.ts";
import { withIdFile } from "../run/id-file.ts";
import { parseCreate } from "../run/run-arguments.ts";
import { warnOfUnused } from "../run/without-effect.ts";

/** Makes a container by the arguments of `run -d`, and prints its id; `start` starts it. Returns the exit code. Throws Failure. */
export async function createCommand(args: readonly string[]): Promise<number> {
  const parsed = parseCreate(args);
  const { request, detached, streams, pull, idFile } = parsed;
  if (!detached) throw new Failure("create makes a container in the background", { code: "internal" });
  warnOfUnused(parsed);
  await pullFirst(request.image, pull);
  const spec = await prepare({ ...request, terminal: streams?.terminal ?? false });
  const life = imageLife(detached, spec.annotations);
  return withIdFile(idFile, async (tell) => {
    // docker's start -ai ends the input of such a container with its own, and its attach that of run -di never.
    const id = await create(spec, { ...life, stdinOnce: life.stdinOpen }, detached.remove);
    tell(id);
    writeAll(1, `${id}\n`);
    return 0;
  });
}
