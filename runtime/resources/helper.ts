import { isOneOf, isRecordOf, isText, isWhole, type Shape } from "../shape.ts";

/** A process of this machine that works for a container until it ends: slirp4netns or pasta. */
export interface Helper {
  readonly kind: "helper";
  readonly pid: number;
  /** As in ProcessIdentity. */
  readonly startTime: string;
}

export const isHelper: Shape<Helper> = isRecordOf({ kind: isOneOf("helper"), pid: isWhole, startTime: isText });
