import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Failure } from "../../../runtime/failure.ts";
import { rowsText } from "../../../runtime/template/rows.ts";
import { templateOf } from "../../../runtime/template/template.ts";
import type { Value } from "../../../runtime/template/value.ts";
import fc from "../../rig/fast-check.ts";

const CONTAINER: Value = {
  Name: "/web",
  Args: ["-f", "-p", "80"],
  State: { Status: "running", Pid: 7, Running: true, Error: "", ExitCode: 0 },
  Config: {
    Labels: new Map([
      ["b", "2"],
      ["a.dotted", "1"],
    ]),
    Env: [],
    Healthcheck: null,
  },
  NetworkSettings: {
    Networks: new Map<string, Value>([
      ["front", { IPAddress: "10.0.0.2", Aliases: ["w"] }],
      ["back", { IPAddress: "10.1.0.2", Aliases: [] }],
    ]),
  },
  Label: (name: Value) => `label ${name}`,
  Size: 1536,
};

/** What Go's text/template, with docker's functions, prints for the same. */
const CASES: readonly (readonly [template: string, text: string])[] = [
  ["plain }} text", "plain }} text"],
  ["{{.Name}}:{{ .State.Status }}", "/web:running"],
  ["{{.State.Pid}} {{.State.Running}} {{.Config.Healthcheck}} [{{.State.Error}}]", "7 true <nil> []"],
  ["{{.Args}} {{.Config.Labels}}", "[-f -p 80] map[a.dotted:1 b:2]"],
  ["{{json .State}}", '{"Status":"running","Pid":7,"Running":true,"Error":"","ExitCode":0}'],
  ["{{json .Config.Labels}} {{.Args | json}}", '{"a.dotted":"1","b":"2"} ["-f","-p","80"]'],
  ['{{index .Config.Labels "a.dotted"}}|{{index .Config.Labels "none"}}|{{.Config.Labels.none}}', "1||<no value>"],
  ["{{slice .Name 0 2}}|{{slice .Name 1}}|{{slice .Args 1 3}}|{{slice .Name 1 1}}", "/w|web|[-p 80]|"],
  ['{{index .Args 1}} {{(index .NetworkSettings.Networks "front").IPAddress}}', "-p 10.0.0.2"],
  ['{{index .NetworkSettings "Networks" "front" "IPAddress"}} {{index .State "Nope"}}', "10.0.0.2 <no value>"],
  ['{{print 1 2 "a" 3 true}}', "1 2a3 true"],
  ["{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}", "10.1.0.2 10.0.0.2 "],
  [
    "{{range $name, $net := .NetworkSettings.Networks}}{{$name}}={{$net.IPAddress}};{{end}}",
    "back=10.1.0.2;front=10.0.0.2;",
  ],
  ["{{range $i, $a := .Args}}{{if $i}},{{end}}{{$a}}{{end}}", "-f,-p,80"],
  ['{{range .Args}}{{if eq . "-p"}}{{continue}}{{end}}{{.}} {{end}}!', "-f 80 !"],
  ['{{range .Args}}{{range $.Args}}{{break}}{{end}}{{.}}{{if eq . "-p"}} {{break}}x{{end}};{{end}}!', "-f;-p !"],
  ["{{range .Config.Env}}x{{else}}none{{end}}", "none"],
  ["{{if .State.Running}}up{{else if .State.Error}}bad{{else}}down{{end}}", "up"],
  ["{{if not .State.Running}}a{{else if eq .State.ExitCode 1 0}}b{{else}}c{{end}}", "b"],
  ["{{with .Config.Healthcheck}}{{.Test}}{{else}}no check{{end}}", "no check"],
  ["{{with $x := index .Args 2}}{{$x}}{{$.Name}}{{end}}", "80/web"],
  [
    '{{len .Args}} {{join .Args " "}} {{upper .State.Status}} {{title "ab cd"}} {{lower "AB"}}',
    "3 -f -p 80 RUNNING Ab Cd ab",
  ],
  ['{{range split "a,b" ","}}<{{.}}>{{end}}{{println "x" 1}}', "<a><b>x 1\n"],
  ['{{printf "%-6s|%4d|%q|%.1f|%x|%v|%%" "ab" 7 "c" 1.25 255 true}}', 'ab    |   7|"c"|1.3|ff|true|%'],
  ['{{.Label "x"}} {{"y" | .Label}} {{truncate .Name 3}} {{pad "x" 1 2}}|', "label x label y /we  x  |"],
  ['{{if and .Config.Healthcheck (eq .Config.Healthcheck.Test "x")}}a{{else}}b{{end}}', "b"],
  [
    "{{or .Name (index .Args 9)}} {{1 | and 2}} {{0 | and 2}} {{2 | or 0}} {{and 2 3}} {{or 0 nil}}",
    "/web 1 0 2 3 <nil>",
  ],
  ['{{and 1 0}} {{or 0 2}} {{lt 1 2}} {{ge 1 2}} {{ne "a" `b`}}', "0 2 true false true"],
  ["a {{- .State.Pid -}} b{{/* a comment */}} {{- /* another */ -}} c", "a7bc"],
  ["{{$x := 1}}{{$x = 2}}{{$x}}", "2"],
  ["{{$last := 0}}{{range .Args}}{{$last = .}}{{end}}{{$last}}", "80"],
  ["{{$x := 1}}{{if true}}{{$x := 2}}{{end}}{{$x}}", "1"],
  ["{{$i := 0}}{{$a := 0}}{{range $i, $a = .Args}}{{end}}{{$i}} {{$a}}", "2 80"],
];

const FAULTS: readonly (readonly [template: string, message: RegExp])[] = [
  ["{{.State.Statsu}}", /: 1:9: there is no Statsu here; did you mean Status\?/],
  ["a\n{{.Name.First}}", /: 2:8: there is no First in a string/],
  ["{{.Name", /: 1:1: the action has no closing }}/],
  ["{{}}", /: 1:3: a value is missing/],
  ["{{if .Name}}x", /: 1:1: {{if}} has no {{end}}/],
  ["{{range .Args}}{{else}}{{break}}{{end}}", /: 1:24: {{break}} is not in a {{range}}/],
  ["x{{end}}", /: 1:4: unexpected {{end}}/],
  ["{{nosuch .}}", /: 1:3: there is no function nosuch; there are json, join/],
  ["{{join .Name}}", /: 1:3: join takes a list, not a string/],
  ["{{slice .Name 9}}", /: 1:3: there is no slice 9:4 of 4/],
  ["{{slice .Args 1 4}}", /: 1:3: there is no slice 1:4 of 3/],
  ["{{slice .State 1}}", /: 1:3: slice takes a list, not a structure/],
  ["{{index .Args 3}}", /: 1:3: there is no element 3 in a list of 3/],
  ["{{$x}}", /: 1:3: there is no variable \$x/],
  ["{{$x = 1}}", /: 1:3: there is no variable \$x/],
  ["{{(.Name}}", /: 1:3: the parenthesis is not closed/],
  ["{{.Name & 1}}", /: 1:9: unexpected "&"/],
  ["{{range .Size}}{{end}}", /: 1:1: range takes a list or a map, not a number/],
  ["{{.Name 1}}", /: 1:3: Name takes no arguments/],
];

describe("a template", () => {
  for (const [template, text] of CASES)
    it(`prints ${JSON.stringify(template)}`, () => assert.equal(templateOf(template)(CONTAINER), text));

  for (const [template, message] of FAULTS)
    it(`with an error is refused with its position: ${JSON.stringify(template)}`, () => {
      assert.throws(
        () => templateOf(template)(CONTAINER),
        (error) => error instanceof Failure && message.test(error.message),
      );
    });

  it("of any text is used or refused, and never fails in another way", () => {
    const pieces = [
      "{{",
      "}}",
      "{{-",
      "-}}",
      ".",
      ".State",
      "$x",
      ":=",
      "|",
      "(",
      ")",
      "if",
      "range",
      "end",
      "else",
      "json",
      '"a',
      "`",
      " ",
      "1",
      "\n",
    ];
    const text = fc
      .array(fc.oneof(fc.constantFrom(...pieces), fc.string()), { maxLength: 20 })
      .map((all) => all.join(""));
    fc.assert(
      fc.property(text, (template) => {
        try {
          assert.equal(typeof templateOf(template)(CONTAINER), "string");
        } catch (error) {
          assert.ok(error instanceof Failure, String(error));
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("rows", () => {
  const rows = [
    { Names: "web", Status: "Up 2 minutes" },
    { Names: "a-longer-one", Status: "Exited (0)" },
  ];
  const titles = { Names: "NAMES", Status: "STATUS" };

  it("are printed each by a template, as a table, or as JSON", () => {
    assert.equal(rowsText("{{.Names}}!", rows, titles), "web!\na-longer-one!\n");
    assert.equal(
      rowsText("table {{.Names}}\\t{{.Status}}", rows, titles),
      "NAMES          STATUS\nweb            Up 2 minutes\na-longer-one   Exited (0)\n",
    );
    assert.equal(rowsText("json", rows.slice(0, 1), titles), '{"Names":"web","Status":"Up 2 minutes"}\n');
  });
});
