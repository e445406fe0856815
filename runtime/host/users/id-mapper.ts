import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Failure } from "../../failure.ts";
import type { IdMapping, Namespaces } from "../../spec/namespaces.ts";

/** Has the users of a process's user namespace mapped. Throws Failure. */
export async function mapIds(pid: number, { uidMappings, gidMappings }: Namespaces): Promise<void> {
  await Promise.all([run("newuidmap", pid, uidMappings), run("newgidmap", pid, gidMappings)]);
}

async function run(program: string, pid: number, mappings: readonly IdMapping[]): Promise<void> {
  const triples = mappings.flatMap(({ containerID, hostID, size }) => [containerID, hostID, size]);
  try {
    await promisify(execFile)(program, [pid, ...triples].map(String));
  } catch (error) {
    throw new Failure(`${program} can't give the container its users: ${wordsOf(error)}`, {
      code: "namespace-refused",
      remedy: "check your lines in /etc/subuid and /etc/subgid; without them a container has one user",
      cause: error,
    });
  }
}

/** What the program said, or why it could not be started. */
function wordsOf(error: unknown): string {
  const { stderr, message } = error as { readonly stderr?: string; readonly message: string };
  return (stderr?.trim() || message).split("\n")[0] ?? "";
}
