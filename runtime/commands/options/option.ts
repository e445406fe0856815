/** An option of `run`, by its long name. The help is generated from it. */
export interface Option {
  readonly type: "string" | "boolean";
  /** One letter. */
  readonly short?: string;
  /** Older names of docker's, which the help leaves out. */
  readonly aliases?: readonly string[];
  /** It may be given several times, and all values count; of another option, the last one. */
  readonly multiple?: true;
  /** As of docker's options of text: a script may pass a variable that is not set. */
  readonly emptyIsUnset?: true;
  readonly describe: string;
}

export type Options = Readonly<Record<string, Option>>;

/** What was given: an option that was not is undefined, or an empty array. */
export type Values<T extends Options> = { readonly [Name in keyof T]: Value<T[Name]> };

type Value<T extends Option> = T extends { readonly multiple: true }
  ? readonly string[]
  : (T["type"] extends "boolean" ? boolean : string) | undefined;
