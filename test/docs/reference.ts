import assert from "node:assert/strict";

/** The parts of docs/events.md that are generated from the sources. */

interface Field {
  readonly name: string;
  readonly type: string;
  readonly meaning: string;
}

interface Interface {
  readonly meaning: string;
  readonly base: string | undefined;
  readonly body: string;
}

/** The section of every event, in the order of the union, from the text of events.ts and of what it extends. */
export function eventSections(source: string, examples: Readonly<Record<string, readonly object[]>>): string {
  const interfaces = interfacesIn(source);
  const sections = new Map<string, { meanings: Set<string>; fields: Map<string, Field> }>();
  for (const member of membersOf("Event", source)) {
    const fields = fieldsOf(member, interfaces);
    const event = fields.find(({ name }) => name === "event")?.type.replaceAll('"', "") ?? "";
    const section = sections.get(event) ?? { meanings: new Set(), fields: new Map() };
    section.meanings.add(interfaces.get(member)?.meaning ?? "");
    for (const field of fields) {
      if (field.name !== "event" && !section.fields.has(field.name)) section.fields.set(field.name, field);
    }
    sections.set(event, section);
  }
  return [...sections]
    .map(([event, { meanings, fields }]) => {
      const lines = (examples[event] ?? []).map((line) => JSON.stringify(line)).join("\n");
      const meaning = [...meanings].filter(Boolean).join(" ");
      return `### \`${event}\`\n\n${meaning}\n\n${fieldTable([...fields.values()], source)}\n\n\`\`\`json\n${lines}\n\`\`\``;
    })
    .join("\n\n");
}

/** The fields that every line has. */
export function envelopeTable(source: string): string {
  return fieldTable(fieldsOf("Envelope", interfacesIn(source)), source);
}

/** The codes of a program, in the order of the union, from the text of its failure.ts. */
export function codeTable(source: string): string {
  const union = /^export type FailureCode =\n([\s\S]*?);\n/m.exec(source)?.[1] ?? "";
  const rows = [...union.matchAll(new RegExp(`(?:${COMMENT}\\s*)?\\| "([\\w-]+)"`, "g"))].map(
    ([, comment, code]) => `| \`${code}\` | ${words(comment)} |`,
  );
  return ["| Code | Meaning |", "|---|---|", ...rows].join("\n");
}

/** What two languages share: the headings of events, the tables but for their last column, and the examples. */
export function withoutWords(text: string): string {
  const kept = text.split("\n").filter((line) => /^(### `|\| `|\{|```)/.test(line));
  return kept.map((line) => line.replace(/^(\|.*[^\\]\|) [^|]*(?:\\\|[^|]*)* \|$/, "$1")).join("\n");
}

function fieldTable(fields: readonly Field[], source: string): string {
  const rows = fields.map(({ name, type, meaning }) => {
    const union = type.replace(/\w+/, (word) => membersOf(word, source).join(" | ") || word);
    const shown = union.replaceAll("readonly ", "").replaceAll("|", "\\|");
    return `| \`${name}\` | \`${shown}\` | ${meaning} |`;
  });
  return ["| Field | Type | Meaning |", "|---|---|---|", ...rows].join("\n");
}

const COMMENT = "/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/";

/** The members of `type NAME = …`, whether on one line or on many; none where there is no such type. */
function membersOf(name: string, source: string): string[] {
  const union = new RegExp(`^export type ${name} =([^;]*);`, "m").exec(source)?.[1] ?? "";
  return union
    .split("|")
    .map((member) => member.trim())
    .filter(Boolean);
}

function interfacesIn(source: string): Map<string, Interface> {
  const pattern = new RegExp(
    `(?:${COMMENT}\\n)?(?:export )?interface (\\w+)(?: extends (\\w+))? \\{\\n([^}]*)\\}`,
    "g",
  );
  return new Map(
    [...source.matchAll(pattern)].map(([, comment, name = "", base, body = ""]) => [
      name,
      { meaning: words(comment), base, body },
    ]),
  );
}

/** Throws for a field that is written in another way than all others: it would be missing from the page. */
function fieldsIn(body: string): Field[] {
  const pattern = new RegExp(`(?:${COMMENT}\\s*)?readonly (\\w+): ([^;]+);`, "g");
  assert.equal(body.replace(pattern, "").trim(), "", "each field of an event is `readonly NAME: TYPE;`");
  return [...body.matchAll(pattern)].map(([, comment, name = "", type = ""]) => ({
    name,
    type,
    meaning: words(comment),
  }));
}

function fieldsOf(name: string, interfaces: ReadonlyMap<string, Interface>): Field[] {
  const found = interfaces.get(name);
  if (!found) return [];
  return [...(found.base === undefined ? [] : fieldsOf(found.base, interfaces)), ...fieldsIn(found.body)];
}

/** A comment on one line, without its stars. */
function words(comment = ""): string {
  return comment.replace(/\n\s*\* ?/g, " ").trim();
}
