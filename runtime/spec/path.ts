/** Removes `.`, `..`, empty components and a trailing slash from an absolute path, without looking at the file system. */
export function normalizePath(path: string): string {
  const kept: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") kept.pop();
    else kept.push(part);
  }
  return `/${kept.join("/")}`;
}

/** Makes `path` absolute, as seen from the directory `cwd`, which is absolute. */
export function resolvePath(cwd: string, path: string): string {
  return normalizePath(path.startsWith("/") ? path : `${cwd}/${path}`);
}

/** Both are normalized. */
export function isBelow(path: string, directory: string): boolean {
  return directory === "/" ? path !== "/" : path.startsWith(`${directory}/`);
}

/** How many components it has; it is normalized. */
export function depthOf(path: string): number {
  return path === "/" ? 0 : path.split("/").length - 1;
}
