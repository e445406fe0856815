import { PACKAGES } from "../../bundle/addons/addons.ts";
import type { Source } from "../../bundle/addons/compiled.ts";
import type { Bundle } from "../../bundle/bundle.ts";
import { Failure } from "../../failure.ts";
import { toBytes } from "../../paths/bytes.ts";
import { unwritable } from "../../process/unwritable.ts";
import { nodeMissing } from "../../targets/start-failure.ts";
import { addUnsent, type Lane, type OpenLane } from "../lane/lane.ts";
import type { Workspace } from "../workspace/workspace.ts";
import { compileAddon } from "./compile-addon.ts";

/** Puts beside the bundle the packages that it imports and does not have. @throws Failure */
export async function shipStage(
  { project, ship }: Workspace,
  open: OpenLane,
  bundle: Bundle | undefined,
  signal: AbortSignal,
  isDryRun: boolean,
): Promise<void> {
  if (!project.bundle || !ship || !bundle) return;
  const { lane, facts, report } = open;
  if (facts.node === null) throw nodeMissing(lane.target);
  report({ event: "stage", stage: "addons" });
  const { outdir } = project.bundle;
  const shipped = ship(bundle.apart, {
    target: facts,
    compile: (source) => (isDryRun ? refuse(source, lane) : compileAddon(source, open, signal)),
    notice: (text) => report({ event: "notice", text }),
    signal,
  });
  const { changed, from, to } = await shipped.catch((error: unknown) => {
    throw unwritable(outdir, error);
  });
  // Another lane of its platform may have put them there.
  const isKnown = lane.packages === from || lane.packages === to;
  lane.packages = to;
  addUnsent(
    lane,
    (isKnown ? changed : [PACKAGES]).map((path) => toBytes(`${outdir}/${path}`)),
  );
}

function refuse({ name, version }: Source, { target }: Lane): Promise<never> {
  const what = `${name}@${version} is installed on ${target} first, which a dry run does not do`;
  return Promise.reject(new Failure(what, { code: "package-unavailable", remedy: "run devtool sync" }));
}
