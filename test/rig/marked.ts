import { readdir, readFile } from "node:fs/promises";
import { gone, killIfThere } from "./processes.ts";

/** Ends each process with this text in its environment, also those that one of them starts meanwhile. */
export async function endMarked(mark: string): Promise<void> {
  for (let pids = await marked(mark); pids.length > 0; pids = await marked(mark)) {
    for (const pid of pids) killIfThere(pid);
    await Promise.all(pids.map(gone));
  }
}

async function marked(mark: string): Promise<number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const areMarked = await Promise.all(pids.map((pid) => pid !== process.pid && isMarked(pid, mark)));
  return pids.filter((_, index) => areMarked[index]);
}

/** By its threads: a process whose first one has ended, as each of wine's does once its server is gone, shows no environment itself. */
async function isMarked(pid: number, mark: string): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const read = (thread: string) => readFile(`/proc/${pid}/task/${thread}/environ`, "latin1").catch(() => "");
  return (await Promise.all(threads.map(read))).some((environment) => environment.includes(mark));
}
