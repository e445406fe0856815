// Starts a container in the main thread, then one in another, and prints the failure of the second.
import { once } from "node:events";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { Failure, start } from "tinydocker";

try {
  const container = await start({ name: isMainThread ? "main" : "other", args: ["true"] });
  await container.exited;
} catch (error) {
  parentPort?.postMessage(error instanceof Failure ? `${error.code}: ${error.message}` : String(error));
}
if (isMainThread) {
  const [message] = await once(new Worker(new URL(import.meta.url)), "message");
  process.stdout.write(`${message}\n`);
}
