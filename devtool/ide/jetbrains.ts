import { INSPECT_PORT } from "../run/inspect.ts";
import { quote } from "../targets/login-shell/quote.ts";
import { type Integration, type Task, tasksOf } from "./integration.ts";
import { type EditorFile, ownFile } from "./merge.ts";

/** Run configurations that are stored as project files: https://www.jetbrains.com/help/idea/run-debug-configuration.html */
export function jetbrainsFiles(integration: Integration): EditorFile[] {
  return [...tasksOf(integration).map(shellScript), ...(integration.isNode ? [ATTACH] : [])];
}

function shellScript({ name, argv }: Task): EditorFile {
  return configuration(name, `type="ShConfigurationType"`, [
    option("SCRIPT_TEXT", argv.map(quote).join(" ")),
    option("INDEPENDENT_SCRIPT_PATH", "true"),
    option("SCRIPT_PATH", ""),
    option("SCRIPT_OPTIONS", ""),
    option("INDEPENDENT_SCRIPT_WORKING_DIRECTORY", "true"),
    option("SCRIPT_WORKING_DIRECTORY", "$PROJECT_DIR$"),
    option("INDEPENDENT_INTERPRETER_PATH", "true"),
    option("INTERPRETER_PATH", ""),
    option("INTERPRETER_OPTIONS", ""),
    option("EXECUTE_IN_TERMINAL", "true"),
    option("EXECUTE_SCRIPT_FILE", "false"),
    "<envs />",
  ]);
}

const ATTACH = configuration(
  "devtool: attach",
  `type="ChromiumRemoteDebugType" factoryName="Chromium Remote" port="${INSPECT_PORT}" restartOnDisconnect="true"`,
  [],
);

function configuration(name: string, attributes: string, content: readonly string[]): EditorFile {
  const lines = [
    '<component name="ProjectRunConfigurationManager">',
    `  <configuration default="false" name="${escaped(name)}" ${attributes}>`,
    ...[...content, '<method v="2" />'].map((line) => `    ${line}`),
    "  </configuration>",
    "</component>",
  ];
  return ownFile(`.run/${name.replace(": ", "-")}.run.xml`, `${lines.join("\n")}\n`);
}

function option(name: string, value: string): string {
  return `<option name="${name}" value="${escaped(value)}" />`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
  "\n": "&#10;",
};

function escaped(text: string): string {
  return text.replace(/[&<>"'\n]/g, (character) => ENTITIES[character] ?? "");
}
