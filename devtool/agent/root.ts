import { type ChildProcess, spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { encodeLine, ROOT } from "../protocol/hello.ts";

/** How much of sudo's error output is reported. */
const ERROR_BYTES_MAX = 2048;

/**
 * Starts this same agent as root. It prints its own hello; when it can't be started, its line is printed from here,
 * with sudo's message, such as `a password is required`.
 */
export function startRootAgent(token: string, args: readonly string[], out: Writable): ChildProcess {
  const [script = ""] = process.argv.slice(1);
  const child = spawn("sudo", ["-n", "--", process.execPath, script, ...args], { stdio: ["pipe", "pipe", "pipe"] });
  let printed = "";
  let errors = "";
  child.stdin.on("error", () => {}); // its exit follows
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
    out.write(text);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors = (errors + text).slice(0, ERROR_BYTES_MAX);
  });
  child.on("error", (error) => {
    errors = notExecuted(error); // "close" follows
  });
  child.on("close", () => {
    if (!printed.includes("\n")) out.write(encodeLine(token, ROOT, { failed: errors.trim() || "sudo failed" }));
  });
  return child;
}

function notExecuted(error: Error): string {
  const code = "code" in error ? error.code : undefined;
  if (code === "ENOENT") return "sudo is not installed";
  return code === "EACCES" ? "sudo may not be run by this user" : `sudo: ${error.message}`;
}
