import { isMapOf, isOneOf, isRecordOf, isText, isWhole, type Shape } from "../shape.ts";

/** What happened to something, in docker's words. */
export interface Event {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly type: "container" | "image" | "network" | "volume";
  readonly action: string;
  /** Of a container, 64 hexadecimal digits; else the name. */
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Types that are not known are a newer tinydocker's. */
export const isEvent: Shape<Event> = isRecordOf({
  time: isWhole,
  type: isOneOf("container", "image", "network", "volume"),
  action: isText,
  id: isText,
  attributes: isMapOf(isText),
});
