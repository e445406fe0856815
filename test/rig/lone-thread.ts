import { spawnSync } from "node:child_process";

const PROGRAM = `
import ctypes, threading
libc = ctypes.CDLL(None)
libc.pthread_self.restype = ctypes.c_void_p
first = ctypes.c_void_p(libc.pthread_self())
def rest():
    libc.pthread_join(first, None)
    print("alone", flush=True)
    threading.Event().wait()
threading.Thread(target=rest).start()
libc.pthread_exit(None)
`;

/** A program that prints "alone" once its first thread has ended, and stays: a zombie with a thread, without command line and environment. */
export const LONE_THREAD: readonly string[] = ["python3", "-c", PROGRAM];

export function lacksLoneThread(): string | undefined {
  return spawnSync("python3", ["-c", ""]).status === 0 ? undefined : "python3";
}
