import assert from "node:assert/strict";
import { once } from "node:events";
import { SourceMap, type SourceMapPayload } from "node:module";
import { fileURLToPath } from "node:url";
import { WebSocket } from "ws";

type Values = Readonly<Record<string, unknown>>;

interface Script {
  readonly scriptId: string;
  readonly url: string;
  readonly sourceMapURL: string;
}

/** A stop at a breakpoint, in the terms of the developer's files. */
export interface Stop {
  readonly file: string;
  readonly line: number;
  /** The value of an expression in the frame that stopped. */
  evaluate(expression: string): Promise<unknown>;
  resume(): Promise<void>;
}

/** A client of the inspector protocol, as an editor has one: it knows local files only. */
export class InspectorClient {
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, (result: Values) => void>();
  readonly #events: { readonly method: string; readonly params: Values }[] = [];
  #wake = () => {};
  #scripts: (Script & { readonly map: SourceMap; readonly base: string })[] = [];

  /** Attaches to the process whose inspector listens at a port of this machine. */
  static async attach(port: number): Promise<InspectorClient> {
    const [page] = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
      webSocketDebuggerUrl: string;
    }[];
    assert.ok(page);
    const socket = new WebSocket(page.webSocketDebuggerUrl);
    await once(socket, "open");
    return new InspectorClient(socket);
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("error", () => {}).on("message", (data) => this.#receive(JSON.parse(String(data))));
  }

  send(method: string, params: Values = {}): Promise<Values> {
    const id = this.#answers.size + 1;
    this.#socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve) => this.#answers.set(id, resolve));
  }

  /** Takes the next event of this kind. */
  async event(method: string): Promise<Values> {
    for (;;) {
      const at = this.#events.findIndex((event) => event.method === method);
      if (at >= 0) return this.#events.splice(at, 1)[0]?.params ?? {};
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** By a line of a local file, from 1; found through the source maps of the scripts that are loaded. */
  async setBreakpoint(file: string, line: number): Promise<void> {
    for (const { scriptId, map, base } of this.#scripts) {
      const index = map.payload.sources.findIndex((source) => fileURLToPath(new URL(source, base)) === file);
      if (index < 0) continue;
      const generated = generatedLine(map, map.payload.sources[index] ?? "", line);
      const location = { scriptId, ...generated };
      await this.send("Debugger.setBreakpoint", { location });
      return;
    }
    assert.fail(`no script was made of ${file}`);
  }

  async stop(): Promise<Stop> {
    const { callFrames } = (await this.event("Debugger.paused")) as {
      callFrames: { callFrameId: string; location: { scriptId: string; lineNumber: number; columnNumber: number } }[];
    };
    const [frame] = callFrames;
    assert.ok(frame);
    const { scriptId, lineNumber, columnNumber } = frame.location;
    const script = this.#scripts.find((one) => one.scriptId === scriptId);
    const entry = script?.map.findEntry(lineNumber, columnNumber) as { originalSource?: string; originalLine?: number };
    return {
      file: script && entry.originalSource ? fileURLToPath(new URL(entry.originalSource, script.base)) : "",
      line: (entry?.originalLine ?? -1) + 1,
      evaluate: async (expression) => {
        const { result } = await this.send("Debugger.evaluateOnCallFrame", {
          callFrameId: frame.callFrameId,
          expression,
        });
        return (result as { value: unknown }).value;
      },
      resume: async () => void (await this.send("Debugger.resume")),
    };
  }

  close(): void {
    this.#socket.close();
  }

  #receive({ id, method, params, result }: { id?: number; method?: string; params?: Values; result?: Values }): void {
    if (id !== undefined) this.#answers.get(id)?.(result ?? {});
    if (method === undefined) return;
    if (method === "Debugger.scriptParsed") this.#parsed(params as unknown as Script);
    else this.#events.push({ method, params: params ?? {} });
    this.#wake();
  }

  #parsed(script: Script): void {
    const [, base64] = /^data:application\/json[^,]*;base64,(.*)$/s.exec(script.sourceMapURL) ?? [];
    if (base64 === undefined) return;
    const payload = JSON.parse(Buffer.from(base64, "base64").toString()) as SourceMapPayload;
    const base = new URL(payload.sourceRoot, script.url).href;
    this.#scripts.push({ ...script, map: new SourceMap({ ...payload, sourceRoot: "" }), base });
  }
}

/** The first place in the script that comes from a line of a source. */
function generatedLine(map: SourceMap, source: string, line: number): { lineNumber: number; columnNumber: number } {
  const lines = map.payload.mappings.split(";").length;
  for (let lineNumber = 0; lineNumber < lines; lineNumber += 1) {
    for (let columnNumber = 0; columnNumber < 200; columnNumber += 1) {
      const entry = map.findEntry(lineNumber, columnNumber) as Record<string, unknown>;
      const isThere = entry["generatedLine"] === lineNumber && entry["originalLine"] === line - 1;
      if (isThere && entry["originalSource"] === source)
        return { lineNumber, columnNumber: Number(entry["generatedColumn"]) };
    }
  }
  return assert.fail(`nothing was made of line ${line} of ${source}`);
}
