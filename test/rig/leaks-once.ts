import { traces } from "./leaks.ts";

// For a test that needs namespaces of its own.
console.log(JSON.stringify(traces(process.argv[2] ?? "")));
