import { plainRun } from "./command-line/plain.ts";
import { askBeside } from "./commands/ask-beside.ts";

const argv = process.argv.slice(2);
const plain = plainRun(argv);
const asked = plain && askBeside(plain);
// While a watch starts the command, what carries it is loaded, which takes about as long.
Promise.allSettled([asked])
  .then(() => import("./main.ts"))
  .then(({ main }) => main(argv, plain, asked));
