import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Failure } from "../../failure.ts";

export interface AgentFile {
  readonly path: string;
  readonly content: Buffer;
  /** Contains a hash of the content, so another version has another name. */
  readonly name: string;
}

/** The bundled agent. @throws Failure when it has not been built */
export async function agentFile(): Promise<AgentFile> {
  // In dist/ this module is in the agent's folder; in the sources it is three folders below the project's root.
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
