/** A program, or what a plugin does, that a bundle of modules which are compiled alone can't have as esbuild has it. */
export class Unfit extends Error {}
