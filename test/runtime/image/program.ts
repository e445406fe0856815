import { join } from "node:path";
import { built } from "../../rig/built.ts";

/** The arguments that run tinydocker, in any directory. */
export const TINYDOCKER = [process.execPath, "--", join(await built(), "dist/tinydocker.cjs")];
