import * as z from "./zod.ts";

/** Also an empty one. */
export const anyText = z.string().refine((written) => !written.includes("\0"), {
  error: "no argument, variable or path can have a NUL character",
});
export const text = anyText.min(1);
