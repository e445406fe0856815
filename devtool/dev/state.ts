import type { Progress } from "./busy.ts";

/*
 *                ┌────────────── the round is over ──────────────┐
 *                ▼                                               │
 * starting ──▶ waiting ──a change──▶ running ────────────────────┘
 *                                    │     ▲
 *                                    └─────┘ a newer change: the round is abandoned, or awaited where onBusy says so,
 *                                            and the next begins
 *
 * A change that the program need not be started again for, once it has been, is sent while running or waiting.
 *
 * from each of these ──an interrupt, or a connection or watcher that fails──▶ stopping
 */
/** What the loop is doing. */
export type State =
  | { readonly name: "starting" }
  | { readonly name: "waiting" }
  | {
      readonly name: "running";
      readonly round: Promise<void>;
      readonly abandon: () => void;
      readonly progress: Progress;
    }
  | { readonly name: "stopping" };
