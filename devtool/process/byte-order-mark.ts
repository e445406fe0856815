/** What Windows' programs put at the start of a file in UTF-8. */
const BYTE_ORDER_MARK = "\ufeff";

/** JSON has none, nor has any other text that is read. */
export function withoutMark(text: string): string {
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(BYTE_ORDER_MARK.length) : text;
}
