/** As a Dockerfile has them: what is between spaces that are not quoted. Undefined where a quote stays open. */
export function wordsIn(text: string): readonly string[] | undefined {
  const words: string[] = [];
  let rest = text.trim();
  while (rest !== "") {
    const [all, word] = /^((?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])+)(?:\s+|$)/s.exec(rest) ?? [];
    if (all === undefined || word === undefined) return undefined;
    words.push(word);
    rest = rest.slice(all.length);
  }
  return words;
}

/** $NAME, ${NAME}, ${NAME:-instead of none} and ${NAME:+instead of one}. */
const VARIABLE = String.raw`\$(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)(?::([-+])([^}]*))?\})`;
const QUOTED = new RegExp(String.raw`\\(["$\\])|${VARIABLE}`, "gs");
const WORD = new RegExp(String.raw`'([^']*)'|"((?:\\.|[^"\\])*)"|\\(.)|${VARIABLE}`, "gs");

type Variables = ReadonlyMap<string, string>;

/** Without its quotes and escapes, and with the values of its variables, of which one that is not there is empty. */
export function expanded(word: string, variables: Variables): string {
  return word.replace(WORD, (_all, single?: string, double?: string, escaped?: string, ...variable: Parts) => {
    if (double !== undefined) return insideQuotes(double, variables);
    return single ?? escaped ?? valueIn(variable, variables);
  });
}

function insideQuotes(text: string, variables: Variables): string {
  return text.replace(QUOTED, (_all, escaped?: string, ...variable: Parts) => escaped ?? valueIn(variable, variables));
}

/** What matched of VARIABLE, then the place and the whole. */
type Parts = (string | undefined)[];

function valueIn([plain, braced, operator, other = ""]: Parts, variables: Variables): string {
  const value = variables.get(plain ?? braced ?? "") ?? "";
  if (operator === "+") return value === "" ? "" : other;
  return value === "" && operator === "-" ? other : value;
}
