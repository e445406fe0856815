import { constants } from "node:os";
import { getSystemErrorMap } from "node:util";

/** By name: os.constants.errno holds this platform's numbers. */
export const ERRNO = constants.errno;

/** /usr/include/asm-generic/errno.h: a file is there, but not the program that should interpret it (see command.c). */
export const ELIBBAD = 80;

/** `EPERM, operation not permitted` */
export function errnoText(errno: number): string {
  const known = getSystemErrorMap().get(-errno);
  return known ? `${known[0]}, ${known[1]}` : `errno ${errno}`;
}
