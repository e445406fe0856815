import type { Duplex } from "node:stream";

/** Copies each to the other, ends one where the other has ended, and destroys it where the other was cut. */
export function splice(one: Duplex, other: Duplex): void {
  copy(one, other);
  copy(other, one);
}

function copy(from: Duplex, to: Duplex): void {
  from.on("error", () => {}); // "close" follows
  from.once("close", () => {
    if (!from.readableEnded || !from.writableFinished) to.destroy();
  });
  if (from.destroyed) to.destroy();
  else from.pipe(to);
}
