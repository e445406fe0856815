/** Of a function's bytecode, how much runs before V8 compiles it: fifteen times what it is else. */
const BUDGET_BYTES = 1_000_000;
/** From Node.js 22 on, V8 compiles by other rules, which leave nothing to gain, and complains of a flag that it does not know. */
const FIRST_WITHOUT = 12;

/**
 * For a command that unpacks: what it calls some thousand times each, V8 would compile on other threads, which takes a third
 * of what the whole takes, and is done when the command is.
 */
export async function compileLess(): Promise<void> {
  if (Number.parseInt(process.versions.v8, 10) >= FIRST_WITHOUT) return;
  const { setFlagsFromString } = await import("node:v8");
  setFlagsFromString(`--interrupt-budget=${BUDGET_BYTES}`);
}
