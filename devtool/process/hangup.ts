import { closeSync, openSync } from "node:fs";
import { isatty } from "node:tty";

/**
 * Puts /dev/null in place of terminals that are closed by the end of this process: Node.js sets the mode of those it began
 * with once more, and aborts where that fails.
 */
export function surviveHangup(): void {
  if (process.platform === "win32") return;
  const terminals = [0, 1, 2].filter((fd) => isatty(fd));
  process.on("exit", () => {
    for (const fd of terminals.filter((fd) => !isatty(fd))) {
      closeSync(fd);
      // It gets the lowest number that is free.
      openSync("/dev/null", "r+");
    }
  });
}
