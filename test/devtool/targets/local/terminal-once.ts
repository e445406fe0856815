import { localTarget } from "../../../../devtool/targets/local/local.ts";

// For a test that needs a terminal of its own.
const connection = await localTarget("local", { sudo: undefined }).connect(AbortSignal.timeout(60_000));
const script = "test -t 0 && test -t 1 && echo tty; trap 'echo got; exit 5' INT; echo ready; read line";
console.log(JSON.stringify(await connection.execOnTerminal?.(["sh", "-c", script])));
await connection.close();
