import { INSPECT_PORT } from "../run/inspect.ts";
import {
  DEBUG_TASK,
  DIAGNOSTIC,
  type Integration,
  ROUND_BEGINS,
  ROUND_ENDS,
  type Task,
  tasksOf,
} from "./integration.ts";
import { jsonFile } from "./jsonc.ts";
import type { EditorFile } from "./merge.ts";

/** https://code.visualstudio.com/docs/debugtest/tasks and …/nodejs/nodejs-debugging */
export function vscodeFiles(integration: Integration): EditorFile[] {
  const tasks = { at: ["tasks"], key: "label", items: tasksOf(integration).map(vscodeTask) };
  const attach = { at: ["configurations"], key: "name", items: [ATTACH] };
  return [
    jsonFile(".vscode/tasks.json", { version: "2.0.0", tasks: [] }, tasks),
    ...(integration.isNode ? [jsonFile(".vscode/launch.json", { version: "0.2.0", configurations: [] }, attach)] : []),
  ];
}

const MATCHER = {
  owner: "devtool",
  source: "devtool",
  // To the folder that is open.
  fileLocation: "relative",
  pattern: { regexp: DIAGNOSTIC, file: 1, line: 2, column: 3, severity: 4, message: 5 },
};

function vscodeTask({ name, argv: [command = "", ...args], kind }: Task) {
  const presentation = { reveal: "always", panel: "dedicated" };
  // A shell, because npx is a script on Windows; VS Code quotes the arguments for it.
  const task = { label: name, type: "shell", command, args, presentation };
  switch (kind) {
    case "watch": {
      const background = { activeOnStart: true, beginsPattern: ROUND_BEGINS, endsPattern: ROUND_ENDS };
      return { ...task, isBackground: true, problemMatcher: { ...MATCHER, background } };
    }
    case "build":
      return { ...task, group: "build", problemMatcher: MATCHER };
    case "run":
      return { ...task, problemMatcher: MATCHER };
    case "test":
      return { ...task, group: "test", problemMatcher: [] };
    default:
      return kind satisfies never;
  }
}

const ATTACH = {
  name: "devtool: attach",
  type: "node",
  request: "attach",
  address: "127.0.0.1",
  port: INSPECT_PORT,
  // After each save there is a new process.
  restart: true,
  continueOnAttach: true,
  // The scripts are on the target, outside of this folder; their source maps name files in it.
  resolveSourceMapLocations: null,
  skipFiles: ["<node_internals>/**"],
  preLaunchTask: DEBUG_TASK,
};
