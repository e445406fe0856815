import { INSPECT_PORT } from "../run/inspect.ts";
import { type Integration, tasksOf } from "./integration.ts";
import { jsonFile } from "./jsonc.ts";
import type { EditorFile } from "./merge.ts";

/** https://zed.dev/docs/tasks and https://zed.dev/docs/debugger */
export function zedFiles(integration: Integration): EditorFile[] {
  const tasks = tasksOf(integration).map(({ name, argv: [command = "", ...args] }) => ({ label: name, command, args }));
  return [
    jsonFile(".zed/tasks.json", [], { at: [], key: "label", items: tasks }),
    ...(integration.isNode ? [jsonFile(".zed/debug.json", [], { at: [], key: "label", items: [ATTACH] })] : []),
  ];
}

const ATTACH = {
  label: "devtool: attach",
  adapter: "JavaScript",
  type: "pwa-node",
  request: "attach",
  address: "127.0.0.1",
  port: INSPECT_PORT,
  restart: true,
  continueOnAttach: true,
  resolveSourceMapLocations: null,
};
