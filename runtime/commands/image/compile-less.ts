/** Of a function's bytecode, how much runs before V8 compiles it: fifteen times what it is else. */
const BUDGET_BYTES = 1_000_000;
const DEFAULT_BYTES = 67_584;
/** From Node.js 22 on, V8 compiles by other rules, which leave nothing to gain, and complains of a flag that it does not know. */
const FIRST_WITHOUT = 12;

let isLess = false;

/**
 * For a command that unpacks: what it calls some thousand times each, V8 would compile on other threads, which takes a third
 * of what the whole takes, and is done when the command is.
 */
export async function compileLess(): Promise<void> {
  if (isLess || Number.parseInt(process.versions.v8, 10) >= FIRST_WITHOUT) return;
  isLess = true;
  const { setFlagsFromString } = await import("node:v8");
  const setBudget = (bytes: number) => setFlagsFromString(`--interrupt-budget=${bytes}`);
  setBudget(BUDGET_BYTES);
  // What V8 compiled is stored then, which it takes only with the flags that it was stored with.
  process.prependOnceListener("exit", () => setBudget(DEFAULT_BYTES));
}
