/** docker's commands behind `container`, which may be left out there too. */
const SAME =
  "attach commit cp create diff exec export kill logs pause port prune ps rename restart rm run start stats stop top unpause update wait".split(
    " ",
  );
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  inspect: ["inspect", "--type", "container"],
  list: ["ps"],
  ls: ["ps"],
  remove: ["rm"],
};

/** `container ls -a` as `ps -a`; other words as they are. */
export function withoutContainer(args: readonly string[]): readonly string[] {
  const [first, second = "", ...rest] = args;
  if (first !== "container") return args;
  if (SAME.includes(second)) return [second, ...rest];
  return Object.hasOwn(OTHERS, second) ? [...(OTHERS[second] ?? []), ...rest] : args;
}
