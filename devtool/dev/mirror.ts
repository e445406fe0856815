import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { basename } from "node:path";

/** Where a project is stored on a target: the same path in every session, another one for each project and machine. */
export function mirrorPath(home: string, root: string, machine = hostname()): string {
  const digest = createHash("sha256").update(`${machine}\0${root}`).digest("hex").slice(0, 8);
  const name = basename(root).replace(/[^A-Za-z0-9._-]/g, "_") || "project";
  return `${home.replace(/\/+$/, "")}/.cache/devtool/mirrors/${name}-${digest}`;
}
