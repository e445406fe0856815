import { setImmediate } from "node:timers/promises";

/** Whether it has settled already, and has not failed. */
export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const later = setImmediate("later");
  return (await Promise.race([promise.catch(() => "later"), later])) !== "later";
}
