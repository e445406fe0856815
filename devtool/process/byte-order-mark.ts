/** What Windows' programs put at the start of a file in UTF-8. */
const BYTE_ORDER_MARK = "\ufeff";

/** JSON.parse, and the comparison of a first line, would take it for a part of the text. */
export function withoutMark(text: string): string {
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(BYTE_ORDER_MARK.length) : text;
}
