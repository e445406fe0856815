import { join } from "node:path";
import { PACKAGES } from "../../bundle/addons/addons.ts";
import type { Platform } from "../../bundle/addons/package.ts";
import { PLATFORMS } from "../../bundle/outputs.ts";
import type { Project } from "../../config/project.ts";
import { toBytes } from "../../paths/bytes.ts";
import type { Elsewhere } from "../../sync/send/local.ts";

/** The folder of packages beside the bundle is another one here for each platform: a target has the one for its own. */
export function besideBundle(
  { root, bundle }: Pick<Project, "root" | "bundle">,
  target: Platform,
): Elsewhere | undefined {
  if (!bundle) return undefined;
  const { platform, arch, libc, glibc = "", libstdcxx = "", node } = target;
  const name = `${platform}-${arch}-${libc}${glibc}-cxx${libstdcxx}-node-${node ?? "none"}`;
  return {
    path: toBytes(`${bundle.outdir}/${PACKAGES}`),
    folder: join(root, bundle.outdir, PLATFORMS, name.replace(/[^\w.-]/g, "_"), PACKAGES),
  };
}
