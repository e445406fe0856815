import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Scope } from "./host.ts";

/** A real ssh-agent with these keys, whose socket is in `directory`. It ends with the test. Nobody confirms what it asks. */
export async function startSshAgent(scope: Scope, directory: string, keys: readonly string[]): Promise<string> {
  const socket = join(directory, `agent-${keys.length}.sock`);
  const refusing = { SSH_ASKPASS: "/bin/false", SSH_ASKPASS_REQUIRE: "force" };
  const agent = spawn("ssh-agent", ["-D", "-a", socket], {
    env: { ...process.env, ...refusing },
    stdio: ["ignore", "pipe", "inherit"],
  });
  scope.after(async () => void agent.kill());
  await once(agent.stdout, "data"); // it prints its socket's path once it listens
  const env = { ...process.env, SSH_AUTH_SOCK: socket };
  for (const key of keys) execFileSync("ssh-add", ["-q", key], { env, stdio: "ignore" });
  return socket;
}
