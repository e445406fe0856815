import type { NamedRequest } from "../../container/prepare.ts";
import type { Options, Values } from "./option.ts";

/** What the command is given. */
export const PROCESS_OPTIONS = {
  env: { type: "string", short: "e", multiple: true, describe: "K=V, or K for the value in your environment" },
  workdir: { type: "string", short: "w", describe: "directory the command starts in" },
  user: { type: "string", short: "u", describe: "UID[:GID], numbers or names from the image" },
  hostname: { type: "string", describe: "default: NAME" },
} as const satisfies Options;

export function processRequest(values: Values<typeof PROCESS_OPTIONS>): Partial<NamedRequest> {
  return { env: values.env, cwd: values.workdir, user: values.user, hostname: values.hostname };
}
