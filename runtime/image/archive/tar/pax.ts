import { BadImage } from "../entry.ts";

/** Keywords and values of pax's extended headers (POSIX.1-2017), as byte strings, in their order. */
export type PaxRecords = readonly (readonly [keyword: string, value: string])[];

/** `LENGTH KEYWORD=VALUE\n`, where the length counts the whole record. Throws BadImage for what is not that. */
export function parsePax(bytes: Buffer): PaxRecords {
  const records: [string, string][] = [];
  for (let at = 0; at < bytes.length && bytes[at] !== 0; ) {
    const [, length] = /^ *(\d{1,7}) /.exec(bytes.toString("latin1", at, at + 20)) ?? [];
    const end = at + Number(length);
    const record = bytes.toString("latin1", at, end);
    const [, keyword, value] = /^ *\d+ +([^=]+)=(.*)\n$/s.exec(record) ?? [];
    if (!(end <= bytes.length) || keyword === undefined || value === undefined)
      throw new BadImage("it is broken (a pax header has a record that is malformed)");
    records.push([keyword, value]);
    at = end;
  }
  return records;
}
