import { clearBlobsUnderWay } from "./blobs.ts";
import { clearLayersUnderWay } from "./layers.ts";
import { clearNamesUnderWay } from "./names.ts";

/** Removes what killed pulls, loads and removals left, except what the next pull goes on with. */
export async function clearUnderWay(root: string): Promise<void> {
  clearNamesUnderWay(root);
  clearBlobsUnderWay(root);
  await clearLayersUnderWay(root);
}
