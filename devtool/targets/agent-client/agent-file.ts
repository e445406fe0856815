import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Failure } from "../../failure.ts";

export interface AgentFile {
  readonly path: string;
  readonly content: Buffer;
  /** Of its own content, so a version can't be wrong. */
  readonly name: string;
}

/** The bundled agent. @throws Failure when the package was not built */
export async function agentFile(): Promise<AgentFile> {
  // As dist/*.js this file lies beside the agent; as a source it is two folders deep.
  const place = import.meta.url.endsWith(".ts") ? "../../../dist/agent.js" : "./agent.js";
  const path = fileURLToPath(new URL(place, import.meta.url));
  try {
    const content = await readFile(path);
    const digest = createHash("sha256").update(content).digest("hex").slice(0, 16);
    return { path, content, name: `agent-${digest}.mjs` };
  } catch (error) {
    throw new Failure(`the agent is missing: ${path}`, {
      code: "installation-damaged",
      remedy: "npm run prepare",
      exitCode: 2,
      cause: error,
    });
  }
}
