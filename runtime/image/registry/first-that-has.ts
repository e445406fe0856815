import { Failure } from "../../failure.ts";
import type { Repository } from "./repository.ts";

/** What is found in the first of them that has it. Throws the Failure of the last one that answers where none has. */
export async function firstThatHas<T>(
  repositories: readonly Repository[],
  look: (repository: Repository) => Promise<T>,
): Promise<T> {
  let failure: unknown;
  for (const repository of repositories) {
    try {
      return await look(repository);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      // One that speaks TLS only, or not at all, says less than what it answers in the other way.
      if (failure === undefined || !isMisunderstood(error)) failure = error;
    }
  }
  throw failure;
}

function isMisunderstood({ code, message }: Failure): boolean {
  return code === "registry-unreachable" || message.includes("HTTP request to an HTTPS server");
}
