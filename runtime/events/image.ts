import { recordEvent } from "./record.ts";

/** `name`: as docker prints it. */
export function imageEvent(root: string, action: string, name: string): void {
  recordEvent(root, { type: "image", action, id: name, attributes: { name } });
}
