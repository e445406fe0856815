import { Failure } from "../../failure.ts";
import { errnoText } from "../../host/errno.ts";
import { ERRNO } from "../../linux.ts";

/** These mean that the command itself can't be executed, docker's 126; others, that the container can't be started. */
const NOT_EXECUTABLE: readonly number[] = [
  ERRNO.EACCES,
  ERRNO.ENOEXEC,
  ERRNO.EISDIR,
  ERRNO.E2BIG,
  ERRNO.ETXTBSY,
  ERRNO.ELOOP,
];

/** Where the command is looked for unless an image was given: who types docker's words may have meant one by it. */
const HOST = "the image host";

/** For a command that was not executed. `image`: what it was looked up in. */
export function commandFailure(errno: number, object: string, image: string): Failure {
  if (errno === ERRNO.ELIBBAD) {
    return new Failure(`can't run ${object}: it is in ${image}, but its interpreter or dynamic loader is not`, {
      code: "interpreter-missing",
      exitCode: 127,
    });
  }
  if (errno === ERRNO.ENOENT || errno === ERRNO.ENOTDIR) {
    const where = object.includes("/") ? `in ${image}` : `in the PATH of ${image}`;
    return new Failure(`there is no command ${object || '""'} ${where}`, {
      code: "command-not-found",
      exitCode: 127,
      ...(image === HOST && /^[\w-]+$/.test(object) && { remedy: `for an image: --image ${object}, or ${object}:TAG` }),
    });
  }
  const remedy = commandRemedy(errno, image);
  return new Failure(`can't run ${object}: ${errnoText(errno)}`, {
    code: "command-not-executable",
    exitCode: NOT_EXECUTABLE.includes(errno) ? 126 : 125,
    ...(remedy !== undefined && { remedy }),
  });
}

function commandRemedy(errno: number, image: string): string | undefined {
  if (errno === ERRNO.EACCES) return `chmod +x it in ${image}, unless it is a directory`;
  if (errno === ERRNO.ENOEXEC)
    return "it is for another processor, or a script that does not begin with #!, as #!/bin/sh";
  return errno === ERRNO.ENOMEM ? "let it have more memory: see -m, and data and stack of --ulimit" : undefined;
}
