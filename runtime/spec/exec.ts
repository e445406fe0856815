import { environmentInside } from "./environment.ts";
import { idsIn } from "./namespaces.ts";
import { type Caller, type ContainerSpec, checkedArguments, checkedDirectory, checkedUser } from "./spec.ts";
import type { User } from "./user.ts";

/** What a caller asks for of another command in a container that runs; only the first field is needed. */
export interface ExecRequest {
  /** The command and its arguments. */
  readonly args: readonly string[];
  /** KEY=VALUE, or KEY to pass the caller's value on. */
  readonly env?: readonly string[] | undefined;
  readonly cwd?: string | undefined;
  /** UID[:GID], numbers or the container's names. */
  readonly user?: string | undefined;
  /** All capabilities that the caller can give; the container's other limits stay, as with docker. */
  readonly privileged?: boolean | undefined;
  readonly terminal?: boolean | undefined;
}

/** Who the command runs as, looked up in the container's own files. */
export interface ExecUser {
  /** The one that is asked for; undefined: the container's. */
  readonly asked: User | undefined;
  /** The home directory of the container's own user. */
  readonly ownHome: string;
}

/** The container's spec with the command's process in place of its own. Throws Failure (exit 125) for what can't be run. */
export function execSpecOf(
  spec: ContainerSpec,
  request: ExecRequest,
  { asked, ownHome }: ExecUser,
  caller: Caller,
): ContainerSpec {
  const { noNewPrivileges, rlimits, umask, oomScoreAdj, ...own } = spec.process;
  const terminal = request.terminal ?? false;
  const user = asked ? checkedUser(asked, idsIn(spec.linux, caller)) : own.user;
  // One that was given for the container, with -e HOME=…, stays.
  const isUsers = asked !== undefined && own.env.includes(`HOME=${ownHome}`);
  const variables = {
    TERM: terminal ? caller.env["TERM"] || "xterm" : undefined,
    ...(isUsers ? { HOME: asked.home } : {}),
  };
  const bounding = request.privileged ? (caller.capabilities ?? []) : own.capabilities.bounding;
  const held = user.uid === 0 ? bounding : [];
  return {
    ...spec,
    process: {
      terminal,
      user,
      args: checkedArguments(request.args),
      env: environmentInside(own.env, variables, request.env ?? [], caller.env),
      cwd: request.cwd === undefined ? own.cwd : checkedDirectory(request.cwd),
      umask,
      rlimits,
      capabilities: { bounding, effective: held, permitted: held },
      ...(noNewPrivileges === undefined ? {} : { noNewPrivileges }),
      ...(oomScoreAdj === undefined ? {} : { oomScoreAdj }),
    },
  };
}
