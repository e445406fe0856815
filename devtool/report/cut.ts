import stringWidth from "string-width";

const ELLIPSIS = "…";

/** The text, or as much of its beginning as a terminal shows in so many columns, where many characters are two wide. */
export function cut(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text;
  if (columns < 1) return "";
  let [fitting, left] = ["", columns - 1];
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    left -= stringWidth(segment);
    if (left < 0) break;
    fitting += segment;
  }
  return fitting + ELLIPSIS;
}
