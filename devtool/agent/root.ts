import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Writable } from "node:stream";
import { encodeLine, ROOT } from "../protocol/hello.ts";

/** How much of sudo's complaint is passed on. */
const COMPLAINT_BYTES_MAX = 2048;

/**
 * Starts this same agent as root. It writes its own line; this one writes why when there will be none.
 * sudo's words go with it, such as `a password is required`.
 */
export function startRootAgent(token: string, args: readonly string[], out: Writable): ChildProcess {
  const [script = ""] = process.argv.slice(1);
  const child = spawn("sudo", ["-n", "--", process.execPath, script, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  let complaint = "";
  child.stdin.on("error", () => {}); // its exit follows
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    said += text;
    out.write(text);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint = (complaint + text).slice(0, COMPLAINT_BYTES_MAX);
  });
  const over = Promise.race([once(child, "close"), once(child, "error")]);
  void over.then(([cause]) => {
    if (said.includes("\n")) return;
    const failed = cause instanceof Error ? `sudo: ${cause.message}` : complaint.trim() || "sudo failed";
    out.write(encodeLine(token, ROOT, { failed }));
  });
  return child;
}
