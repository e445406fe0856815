import { isDeepStrictEqual } from "node:util";
import type { Project } from "../config/project.ts";
import type { RunRequest } from "../control/messages.ts";
import { DEFAULT_TARGET } from "../targets/default.ts";
import type { Session } from "./session.ts";

/**
 * The target on which `devtool run` would run what it asks for, where that is one of this session's, reached in the same
 * way; `now`: the configuration as it is now.
 */
export function targetFor(request: RunRequest, session: Session, now: Project): string | undefined {
  const { project, way } = session;
  const isSame =
    request.config === now.config.file &&
    request.sshConfig === way.sshConfig &&
    request.acceptNewHostKey === way.acceptNewHostKey &&
    isDeepStrictEqual(now.targets, project.targets);
  if (!isSame || project.isInspected) return undefined;
  const [name = DEFAULT_TARGET, ...others] = request.target?.split(",") ?? now.target;
  return others.length === 0 ? name : undefined;
}
