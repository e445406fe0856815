import koffi from "koffi";
import { openShim } from "../../../runtime/host/shim.ts";

/** Says which signal came from outside, then reads what is not there. */
const shim = await openShim();
shim.catchSignals([11], (number) => {
  console.log(`caught ${number}`);
  koffi.decode(8n, "int");
});
process.kill(process.pid, 11);
setInterval(() => {}, 1000);
