import { isBoolean, isListOf, isMapOf, isOneOf, isRecordOf, isText, isWhole, type Shape } from "../shape.ts";
import { type Life, RESTART_POLICIES } from "../spec/life.ts";

/** As a record stores it; the compiler checks that no field of the type is missing here. */
export const isLife: Shape<Life> = isRecordOf(
  {
    stdinOpen: isBoolean,
    restart: isRecordOf({ name: isOneOf(...RESTART_POLICIES), maximumRetryCount: isWhole }),
    log: isRecordOf({ maxSize: isWhole, maxFiles: isWhole }),
    stopSignal: isText,
    stopTimeout: isWhole,
    labels: isMapOf(isText),
  },
  {
    stdinOnce: isBoolean,
    health: isRecordOf({
      test: isListOf(isText),
      interval: isWhole,
      timeout: isWhole,
      startPeriod: isWhole,
      startInterval: isWhole,
      retries: isWhole,
    }),
  },
);
