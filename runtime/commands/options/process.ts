import type { NamedRequest } from "../../container/request/prepare.ts";
import type { Options, Values } from "./option.ts";

/** What the command is given. */
export const PROCESS_OPTIONS = {
  entrypoint: { type: "string", describe: "the program, to which CMD and its arguments are passed" },
  env: { type: "string", short: "e", multiple: true, describe: "K=V, or K for the value in your environment" },
  "env-file": { type: "string", multiple: true, describe: "file of lines K=V or K; -e counts more" },
  workdir: { type: "string", emptyIsUnset: true, short: "w", describe: "directory the command starts in" },
  user: { type: "string", emptyIsUnset: true, short: "u", describe: "UID[:GID], numbers or names from the image" },
  "group-add": {
    type: "string",
    multiple: true,
    describe: "another group of the user, a number or a name from the image",
  },
  init: { type: "boolean", describe: "start it below a small first process, which passes signals on and reaps" },
  hostname: { type: "string", short: "h", describe: "default: NAME" },
  domainname: { type: "string", describe: "the domain of its host name, as hostname -f and setdomainname have it" },
} as const satisfies Options;

/** `env-file` and `entrypoint` are read elsewhere: the one names files, the other is a part of the command. */
export function processRequest(values: Values<typeof PROCESS_OPTIONS>): Partial<NamedRequest> {
  return {
    env: values.env,
    cwd: values.workdir,
    user: values.user,
    groups: values["group-add"],
    init: values.init,
    hostname: values.hostname,
    domainname: values.domainname,
  };
}
