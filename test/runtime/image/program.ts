import { join } from "node:path";

const CLI = join(import.meta.dirname, "../../../runtime/cli.ts");

/** The arguments that run tinydocker from its sources, in any directory. */
export const TINYDOCKER = [process.execPath, "--import", import.meta.resolve("tsx"), CLI];
