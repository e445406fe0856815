import { serve } from "./serve.ts";

void serve(process.argv.slice(2), process.stdin, process.stdout).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`devtool agent: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
