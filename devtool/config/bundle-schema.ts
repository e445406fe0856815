import type { BundlePlugin } from "./config.ts";
import { text } from "./text.ts";
import * as z from "./zod.ts";

const texts = z.array(text);
const nameTemplate = text.refine((template) => !template.split(/[\\/]/).includes(".."), {
  error: "outputs go to outdir: it may not lead out of it",
});
const named = z.record(z.string(), z.string());
const plugin = z.custom<BundlePlugin>(isPlugin, { error: "a plugin is an object with a name and a function setup" });

export const bundle = z.strictObject({
  entryPoints: z.union([texts.min(1), z.record(text, text)]),
  outdir: text.optional(),
  addons: texts.optional(),
  incremental: z.boolean().optional(),
  alias: named.optional(),
  assetNames: nameTemplate.optional(),
  banner: named.optional(),
  charset: z.enum(["ascii", "utf8"]).optional(),
  chunkNames: nameTemplate.optional(),
  conditions: texts.optional(),
  define: named.optional(),
  drop: z.array(z.enum(["console", "debugger"])).optional(),
  dropLabels: texts.optional(),
  entryNames: nameTemplate.optional(),
  external: texts.optional(),
  footer: named.optional(),
  format: z.enum(["esm", "cjs", "iife"]).optional(),
  ignoreAnnotations: z.boolean().optional(),
  inject: texts.optional(),
  jsx: z.enum(["transform", "preserve", "automatic"]).optional(),
  jsxDev: z.boolean().optional(),
  jsxFactory: text.optional(),
  jsxFragment: text.optional(),
  jsxImportSource: text.optional(),
  jsxSideEffects: z.boolean().optional(),
  keepNames: z.boolean().optional(),
  legalComments: z.enum(["none", "inline", "eof", "linked", "external"]).optional(),
  lineLimit: z.int().positive().optional(),
  loader: named.optional(),
  logOverride: z.record(text, z.enum(["verbose", "debug", "info", "warning", "error", "silent"])).optional(),
  mainFields: texts.optional(),
  minify: z.boolean().optional(),
  minifyIdentifiers: z.boolean().optional(),
  minifySyntax: z.boolean().optional(),
  minifyWhitespace: z.boolean().optional(),
  nodePaths: texts.optional(),
  outExtension: named.optional(),
  outbase: text.optional(),
  plugins: z.array(plugin).optional(),
  publicPath: text.optional(),
  pure: texts.optional(),
  resolveExtensions: texts.optional(),
  sourcemap: z.union([z.boolean(), z.enum(["linked", "inline", "external", "both"])]).optional(),
  sourcesContent: z.boolean().optional(),
  splitting: z.boolean().optional(),
  supported: z.record(text, z.boolean()).optional(),
  target: z.union([text, texts]).optional(),
  treeShaking: z.boolean().optional(),
  tsconfig: text.optional(),
  tsconfigRaw: z.union([text, z.record(z.string(), z.unknown())]).optional(),
});

function isPlugin(value: unknown): boolean {
  if (typeof value !== "object" || value === null || !("name" in value) || !("setup" in value)) return false;
  return typeof value.name === "string" && typeof value.setup === "function";
}
