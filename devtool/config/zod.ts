/** The only importer of zod, of which the bundle of dist/ has what is used: all of it takes longer to load than most commands. */
export * from "zod";
