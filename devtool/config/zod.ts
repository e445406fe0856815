/** The only importer of zod. */
export { z } from "zod";
