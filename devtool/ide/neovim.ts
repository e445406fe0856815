import { INSPECT_PORT } from "../run/inspect.ts";
import { type Integration, type Task, tasksOf } from "./integration.ts";
import { type EditorFile, invalid, isSame, type Merged } from "./merge.ts";

const PATH = ".nvim.lua";
const BEGIN = "-- devtool: begin";
const END = "-- devtool: end";

/** A line of a diagnostic, with or without a column, as `DIAGNOSTIC`; others are left out. */
const ERRORFORMAT = [
  ...["%f:%l:%c: ", "%f:%l: "].flatMap((place) => ["%trror", "%tarning", "%tote"].map((kind) => `${place}${kind}: %m`)),
  "%-G%.%#",
].join(",");

/** Neovim runs `.nvim.lua` of the folder it is started in, where 'exrc' is set and the file is trusted. */
export function neovimFiles(integration: Integration): EditorFile[] {
  const block = [BEGIN, ...blockLines(integration), END].join("\n");
  return [{ path: PATH, merge: (text, replaces) => mergeBlock(text, block, replaces) }];
}

function mergeBlock(text: string | undefined, block: string, replaces: boolean): Merged {
  if (text === undefined) return { text: `${block}\n`, kept: [] };
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END, begin);
  if (begin >= 0 && end < 0) throw invalid(PATH, `it has "${BEGIN}" without "${END}"`);
  if (begin < 0) return { text: `${text}${text.endsWith("\n") || text === "" ? "" : "\n"}${block}\n`, kept: [] };
  const present = text.slice(begin, end + END.length);
  if (isSame(present, block)) return { text: undefined, kept: [] };
  if (!replaces) return { text: undefined, kept: [`the part of devtool in ${PATH}`] };
  return { text: text.slice(0, begin) + block + text.slice(end + END.length), kept: [] };
}

function blockLines(integration: Integration): string[] {
  const tasks = tasksOf(integration);
  const build = tasks.find(({ kind }) => kind === "build")?.argv ?? [];
  return [
    "-- :make fills the quickfix list; :DevtoolWatch and the others run in a terminal.",
    `vim.o.makeprg = ${lua(build.join(" "))}`,
    `vim.o.errorformat = ${lua(ERRORFORMAT)}`,
    ...tasks.filter(({ kind }) => kind !== "build").map(userCommand),
    ...(integration.isNode ? ATTACH : []),
  ];
}

function userCommand({ name, argv }: Task): string {
  const command = `Devtool${name.replace(/^devtool: (.)/, (_, first: string) => first.toUpperCase())}`;
  return `vim.api.nvim_create_user_command(${lua(command)}, function() vim.cmd("botright new"); vim.fn.termopen({ ${argv.map(lua).join(", ")} }) end, {})`;
}

/** For nvim-dap, where it is installed with js-debug as `pwa-node`. */
const ATTACH = [
  'local found, dap = pcall(require, "dap")',
  "if found then",
  '  for _, language in ipairs({ "javascript", "typescript" }) do',
  "    dap.configurations[language] = dap.configurations[language] or {}",
  `    table.insert(dap.configurations[language], { name = "devtool: attach", type = "pwa-node", request = "attach", address = "127.0.0.1", port = ${INSPECT_PORT}, restart = true, resolveSourceMapLocations = vim.NIL })`,
  "  end",
  "end",
];

/** Lua has JSON's escapes but those of a code point, which JSON.stringify writes for control characters alone. */
function lua(text: string): string {
  return JSON.stringify(text).replace(/\\u([0-9a-f]{4})/g, "\\u{$1}");
}
