/** A remedy that names the candidate that begins so, or is most similar to what was written; undefined if none is similar. */
export function didYouMean(written: string, candidates: readonly string[]): string | undefined {
  const begun = written.length < BEGINNING_MIN ? undefined : candidates.find((one) => one.startsWith(written));
  if (begun !== undefined) return `did you mean ${begun}?`;
  const distances = candidates.map((candidate) => editDistance(written, candidate));
  const least = Math.min(...distances);
  return least <= Math.max(2, written.length / 3) ? `did you mean ${candidates[distances.indexOf(least)]}?` : undefined;
}

/** Less could be the beginning of anything. */
const BEGINNING_MIN = 4;

/** How many insertions, deletions and replacements of one character make `a` into `b`. */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [row, letter] of [...a].entries()) {
    const current = [row + 1];
    for (let column = 1; column <= b.length; column += 1) {
      const [diagonal = 0, over = 0] = above.slice(column - 1, column + 1);
      current.push(Math.min(diagonal + (letter === b[column - 1] ? 0 : 1), over + 1, (current[column - 1] ?? 0) + 1));
    }
    above = current;
  }
  return above[b.length] ?? a.length;
}
