const COMPRESSED_LITERALS = 2;
/** By the size format of the literals section (RFC 8878, 3.1.1.3.1.1). */
const LITERALS_HEADER_BYTES = [3, 3, 4, 5];
/** From here on, the weights of the Huffman code follow as they are. */
const DIRECT_WEIGHTS = 128;

/**
 * Whether a compressed block's Huffman weights are compressed by a table in which one weight has all the probability: then
 * each is read from no bits, so that they never end. libzstd refuses such a block, and fzstd reads it for ever.
 */
export function hasEndlessWeights(block: Buffer): boolean {
  const [first = 0] = block;
  if ((first & 0b11) !== COMPRESSED_LITERALS) return false;
  const at = LITERALS_HEADER_BYTES[(first >> 2) & 0b11] ?? 0;
  const length = block[at];
  if (length === undefined || length >= DIRECT_WEIGHTS) return false;
  return isOfOneSymbol(block.subarray(at + 1, at + 1 + length));
}

/** Of an FSE table's description (RFC 8878, 4.1.1): symbols of no probability, then one that has all of it. */
function isOfOneSymbol(description: Buffer): boolean {
  let position = 0;
  const bits = (count: number): number => {
    let value = 0;
    for (let bit = 0; bit < count; bit++, position++)
      value |= (((description[position >> 3] ?? 0) >> (position & 7)) & 1) << bit;
    return value;
  };
  const accuracy = bits(4) + 5;
  const all = 1 << accuracy;
  while (position < description.length * 8) {
    // The lower values have a bit less.
    const low = bits(accuracy);
    const probability = (low < all - 2 ? low : low + (bits(1) === 1 ? 2 : 0)) - 1;
    if (probability !== 0) return probability === all;
    while (bits(2) === 3 && position < description.length * 8);
  }
  return false;
}
