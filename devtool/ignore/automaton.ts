import type { Token } from "./pattern.ts";

/**
 * What of a pattern may still have to match: the tokens from `at` on. `offset` is within a literal; `isInside` means
 * that the text of a `folders` token has begun, so that it must end in a slash.
 */
interface State {
  readonly at: number;
  readonly offset: number;
  readonly isInside: boolean;
}

/** Whether the tokens match the whole text. The time it takes is bounded by the product of their lengths. */
export function accepts(tokens: readonly Token[], text: string): boolean {
  return statesAfter(tokens, text).some(({ at, isInside }) => at === tokens.length && !isInside);
}

/** What must match the rest of a text that begins with `prefix`: one of these lists. */
export function residuals(tokens: readonly Token[], prefix: string): Token[][] {
  return statesAfter(tokens, prefix).map(({ at, offset, isInside }) => {
    const [head, ...rest] = tokens.slice(at);
    if (head === undefined) return [];
    if (isInside) return [{ kind: "deep" }, { kind: "slash" }, ...rest];
    return head.kind === "literal" && offset > 0
      ? [{ ...head, text: head.text.slice(offset) }, ...rest]
      : [head, ...rest];
  });
}

function statesAfter(tokens: readonly Token[], text: string): State[] {
  let states = closure(tokens, [{ at: 0, offset: 0, isInside: false }]);
  for (const byte of text) {
    states = closure(
      tokens,
      states.flatMap((state) => step(tokens, state, byte)),
    );
  }
  return states;
}

/** Adds what is reached without a byte: a wildcard may stand for nothing. */
function closure(tokens: readonly Token[], states: readonly State[]): State[] {
  const all = new Map<string, State>();
  const add = (state: State) => {
    const key = `${state.at} ${state.offset} ${state.isInside}`;
    if (all.has(key)) return;
    all.set(key, state);
    const kind = tokens[state.at]?.kind;
    if (!state.isInside && (kind === "star" || kind === "deep" || kind === "folders")) add(next(state));
  };
  states.forEach(add);
  return [...all.values()];
}

function step(tokens: readonly Token[], state: State, byte: string): State[] {
  const token = tokens[state.at];
  switch (token?.kind) {
    case undefined:
      return [];
    case "literal":
      if (token.text[state.offset] !== byte) return [];
      return [state.offset + 1 === token.text.length ? next(state) : { ...state, offset: state.offset + 1 }];
    case "slash":
      return byte === "/" ? [next(state)] : [];
    case "any":
      return byte === "/" ? [] : [next(state)];
    case "class": {
      const code = byte.charCodeAt(0);
      return token.ranges.some(([first, last]) => first <= code && code <= last) ? [next(state)] : [];
    }
    case "star":
      return byte === "/" ? [] : [state];
    case "deep":
      return [state];
    case "folders":
      return byte === "/" ? [{ ...state, isInside: true }, next(state)] : [{ ...state, isInside: true }];
    default:
      return token satisfies never;
  }
}

function next({ at }: State): State {
  return { at: at + 1, offset: 0, isInside: false };
}
