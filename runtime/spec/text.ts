/** Why a text can't be passed to the kernel as it is; undefined when it can. */
export function textFault(text: string): string | undefined {
  if (text.includes("\0")) return "contains a NUL byte";
  if (/[\ud800-\udfff]/u.test(text)) return "contains half of a UTF-16 surrogate pair, which UTF-8 can't encode";
  return undefined;
}
