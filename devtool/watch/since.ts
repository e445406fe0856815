/** What changes after this time, in milliseconds since 1970, is reported although it was made before: for all paths, or each. */
export type Since = number | ((path: string) => number);

export function timeFor(path: string, since: Since): number {
  return typeof since === "number" ? since : since(path);
}
