/** What a Makefile has besides phony goals: of a goal that is a file, how it is made. */
interface Goal {
  readonly name: string;
  readonly prerequisites: string;
  readonly recipe: string;
}

export interface Makefile {
  /** The goal that looks like the program. */
  readonly program: string | undefined;
  /** Lines of a .gitignore, relative to the Makefile's folder, for what it makes, as far as can be seen. */
  readonly makes: readonly string[];
}

/** What compilers leave between sources and programs. */
const BETWEEN = ["*.o", "*.d"];

export function readMakefile(written: string): Makefile {
  const text = expanded(written.replace(/\\\r?\n/g, " "));
  const phony = new Set(
    [...text.matchAll(/^\.PHONY[ \t]*:(.*)$/gm)].flatMap(([, names = ""]) => names.trim().split(/\s+/)),
  );
  const goals = goalsOf(text).filter(({ name }) => !phony.has(name));
  const program = goals.find(({ name }) => !/^(\.|all$|clean$|install$|test$|check$)|\.\w+$/.test(name));
  const files = goals.filter(isMade).map(({ name }) => `/${name.replace(/^\.\//, "")}`);
  const folders = [...text.matchAll(/^([\w.-]+)\/(?:[\w./-]+\/)?%/gm)].map(([, folder]) => `/${folder}/`);
  const inFolders = (file: string) => folders.some((folder) => `${file}/`.startsWith(folder));
  return {
    program: program?.name,
    makes: [...new Set([...BETWEEN, ...folders, ...files.filter((file) => !inFolders(file))])],
  };
}

/** With the variables of simple names that it sets once. */
function expanded(text: string): string {
  const values = new Map(
    [...text.matchAll(/^(\w+)[ \t]*[:?]?=[ \t]*(.*?)[ \t\r]*$/gm)].map(([, name = "", value = ""]) => [name, value]),
  );
  let now = text;
  for (let depth = 0; depth < DEPTH_MAX; depth += 1)
    now = now.replace(/\$[({](\w+)[)}]/g, (reference, name: string) => values.get(name) ?? reference);
  return now;
}

const DEPTH_MAX = 3;

function goalsOf(text: string): Goal[] {
  const rules = text.matchAll(/^([\w./-]+)[ \t]*:(?![:=])([^\n;]*)((?:\n\t[^\n]*)*)/gm);
  return [...rules].map(([, name = "", prerequisites = "", recipe = ""]) => ({ name, prerequisites, recipe }));
}

/** Whether its recipe writes it, or it has none and make links it. Objects have a line of their own. */
function isMade({ name, prerequisites, recipe }: Goal): boolean {
  if (/\.[od]$/.test(name) || name.startsWith(".")) return false;
  return recipe === "" ? /\.o\b/.test(prerequisites) : /\$@|\s-o\s/.test(recipe);
}
