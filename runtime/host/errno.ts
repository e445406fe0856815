import { getSystemErrorMap } from "node:util";
import { ERRNO, numberName } from "../linux.ts";

/** `EPERM, operation not permitted` */
export function errnoText(errno: number): string {
  const known = getSystemErrorMap().get(-errno);
  return known ? `${known[0]}, ${known[1]}` : `errno ${errno}, ${numberName(errno, ERRNO)}`;
}
