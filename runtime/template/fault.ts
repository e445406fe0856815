import { Failure } from "../failure.ts";

/** Where something begins in a template. */
export interface At {
  readonly at: number;
}

/** For a template that is not valid, or does not fit what it is given. */
export function fault(template: string, at: number, why: string): Failure {
  const before = template.slice(0, at).split("\n");
  const position = `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
  return new Failure(`can't use the template ${template}: ${position}: ${why}`, {
    code: "usage",
    remedy: "it is one of Go's text/template, such as {{.Name}} or {{json .}}",
  });
}
