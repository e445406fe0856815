import { checkedSignal } from "../../spec/life.ts";

/** The value of --signal. Throws Failure for what is none. */
export function signalAsked(written: string): NodeJS.Signals {
  return checkedSignal("--signal", written) as NodeJS.Signals;
}
