/** Of a function's bytecode, how much runs before V8 compiles it: fifteen times what it is else. */
const BUDGET_BYTES = 1_000_000;

/**
 * For a command that unpacks: what it calls some thousand times each, V8 would compile on other threads, which takes a third
 * of what the whole takes, and is done when the command is.
 */
export async function compileLess(): Promise<void> {
  const { setFlagsFromString } = await import("node:v8");
  setFlagsFromString(`--interrupt-budget=${BUDGET_BYTES}`);
}
