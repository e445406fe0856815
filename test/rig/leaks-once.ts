import { traces } from "./leaks.ts";

// For a test that runs this in its own namespaces.
console.log(JSON.stringify(traces(process.argv[2] ?? "")));
