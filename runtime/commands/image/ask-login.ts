import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { Failure } from "../../failure.ts";
import { writeAll } from "../output/write.ts";

const PASSWORD_BYTES_MAX = 64 * 1024;

/** One line of the terminal; "hidden": it does not show what is typed. Throws Failure without one, and for Ctrl-C. */
export async function askOnTerminal(prompt: string, typed: "shown" | "hidden"): Promise<string> {
  if (!process.stdin.isTTY)
    throw new Failure(`can't ask for the ${typed === "shown" ? "user name" : "password"}: there is no terminal`, {
      code: "usage",
      remedy: "tinydocker login -u USER --password-stdin HOST <FILE",
    });
  const output = typed === "shown" ? process.stderr : new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output, terminal: true, historySize: 0, prompt });
  // Only now, as before this the terminal itself shows what is typed.
  if (typed === "shown") lines.prompt();
  else writeAll(2, prompt);
  try {
    return await new Promise((resolve, reject) => {
      const end = () => reject(new Failure("not logged in: nothing was typed", { code: "usage" }));
      lines
        .once("line", resolve)
        .once("close", end)
        .once("SIGINT", () => {
          lines.close(); // the terminal is then as it was
          process.kill(process.pid, "SIGINT");
        });
    });
  } finally {
    lines.close();
    if (typed === "hidden") writeAll(2, "\n");
  }
}

/** Without the line feed that a file ends with. Throws Failure for more than a password can be. */
export async function passwordFrom(input: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of input) {
    bytes += part.length;
    if (bytes > PASSWORD_BYTES_MAX)
      throw new Failure(`the password is longer than ${PASSWORD_BYTES_MAX} bytes`, { code: "usage" });
    parts.push(part);
  }
  return Buffer.concat(parts)
    .toString("utf8")
    .replace(/\r?\n$/, "");
}
