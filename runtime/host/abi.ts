import { planLayout } from "../plan/codec.ts";
import { eventsLayout } from "./events.ts";
import { optionsLayout } from "./spawn-options.ts";

/** What td_abi() returns in the library that this program was written for. bundle.mjs computes it ahead. */
export function abi(): bigint {
  return BigInt(planLayout()) ^ eventsLayout() ^ optionsLayout();
}
