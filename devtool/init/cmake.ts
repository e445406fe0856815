import { posix } from "node:path";
import type { Detected, Files } from "./detected.ts";

export async function cmakeProject(files: Files): Promise<Detected | undefined> {
  if ((await files.text("CMakeLists.txt")) === undefined) return undefined;
  const program = await programIn(files, "", new Map());
  const run = program === undefined ? {} : { run: [posix.normalize(program)] };
  return { kind: "C or C++, built by cmake", config: { build: ["cmake"], ...run } };
}

const DEPTH_MAX = 4;

/** The path of the first program that a CMakeLists.txt makes, or one of the folders that it adds. */
async function programIn(
  files: Files,
  folder: string,
  outer: ReadonlyMap<string, string>,
  depth = 0,
): Promise<string | undefined> {
  const text = (await files.text(posix.join(folder, "CMakeLists.txt")))?.replace(/#.*/g, "");
  if (text === undefined || depth > DEPTH_MAX) return undefined;
  const variables = new Map([...outer, ...placesOf(folder), ...setIn(text)]);
  const expand = (word = "") => word.replace(/\$\{(\w+)\}/g, (whole, name: string) => variables.get(name) ?? whole);
  const executable = [...text.matchAll(EXECUTABLE)].find(([, , kind]) => kind === undefined)?.[1];
  if (executable !== undefined) {
    const general = variables.get("CMAKE_RUNTIME_OUTPUT_DIRECTORY") ?? posix.join("build", folder);
    const place = propertyOf(text, executable, "RUNTIME_OUTPUT_DIRECTORY") ?? general;
    const name = propertyOf(text, executable, "OUTPUT_NAME") ?? executable;
    return `${expand(expand(place))}/${expand(expand(name))}`;
  }
  for (const [, added] of text.matchAll(/add_subdirectory\s*\(\s*"?([^\s")]+)/gi)) {
    const found = await programIn(files, posix.join(folder, expand(added)), variables, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

const EXECUTABLE = /add_executable\s*\(\s*([^\s")]+)(?:\s+(IMPORTED|ALIAS)\b)?/gi;

/** What set_target_properties() or set_property() says of a target. */
function propertyOf(text: string, target: string, name: string): string | undefined {
  const settings = [...text.matchAll(/\bset_(?:target_properties|property)\s*\(([^)]*)\)/gi)];
  return settings
    .map(([, words = ""]) => words.split(/\bPROPERT(?:Y|IES)\b/i))
    .filter(([targets = ""]) => targets.split(/[\s"]+/).includes(target))
    .map(([, values = ""]) => new RegExp(`\\b${name}\\s+"?([^\\s")]+)`).exec(values)?.[1])
    .find((value) => value !== undefined);
}

function placesOf(folder: string): [string, string][] {
  const binary = ["CMAKE_BINARY_DIR", "PROJECT_BINARY_DIR"].map((name): [string, string] => [name, "build"]);
  const source = ["CMAKE_SOURCE_DIR", "PROJECT_SOURCE_DIR"].map((name): [string, string] => [name, "."]);
  const current = posix.join("build", folder);
  return [...binary, ...source, ["CMAKE_CURRENT_BINARY_DIR", current], ["CMAKE_CURRENT_SOURCE_DIR", folder || "."]];
}

/** The variables that it sets to one value, and the project's name. */
function setIn(text: string): [string, string][] {
  const set = [...text.matchAll(/\bset\s*\(\s*(\w+)\s+"?([^\s")]+)"?\s*\)/gi)];
  const project = /\bproject\s*\(\s*"?([^\s")]+)/i.exec(text)?.[1];
  const names = project === undefined ? [] : ["PROJECT_NAME", "CMAKE_PROJECT_NAME"];
  return [
    ...set.map(([, name = "", value = ""]): [string, string] => [name, value]),
    ...names.map((name): [string, string] => [name, project ?? ""]),
  ];
}
