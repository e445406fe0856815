import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatAsked, rowsText } from "../../../runtime/template/rows.ts";

const ROWS = [
  { ID: "1", Name: "a" },
  { ID: "22", Name: "b" },
];
const printed = (format: string) => rowsText(format, ROWS, { ID: "ID", Name: "NAME" });

describe("the --format of a list", () => {
  it("asks for the list's own table where it is empty, or table alone", () => {
    for (const format of [undefined, "", " ", "table", "table ", "table   "])
      assert.equal(formatAsked(format), undefined);
    for (const format of ["{{.ID}}", "json", "table {{.ID}}", "tables"]) assert.equal(formatAsked(format), format);
  });

  it("has titles behind table, with and without a space", () => {
    for (const format of ["table {{.ID}}\\t{{.Name}}", "table{{.ID}}\t{{.Name}}"])
      assert.equal(printed(format), "ID        NAME\n1         a\n22        b\n");
  });

  it("takes \\t and \\n for what they stand for, in a table or not, and leaves those of strings to the template", () => {
    assert.equal(printed("{{.ID}}\\t{{.Name}}"), "1\ta\n22\tb\n");
    assert.equal(printed('{{.ID}}\\n{{"x\\ty"}}'), "1\nx\ty\n22\nx\ty\n");
  });

  it("has no spaces around it", () => {
    assert.equal(printed("  {{.ID}} "), "1\n22\n");
  });
});
