/** That of node:timers/promises takes 0.3 ms to load, and most commands wait for nothing. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, milliseconds));
}
