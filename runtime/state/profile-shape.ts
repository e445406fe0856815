import { ACTIONS, type Action, FLAGS, OPERATORS, type Profile } from "../seccomp/profile.ts";
import { isListOf, isOneOf, isRecordOf, isText, isWhole, type Shape } from "../shape.ts";

const isAction: Shape<Action> = (value): value is Action => typeof value === "string" && Object.hasOwn(ACTIONS, value);
const isTexts = isListOf(isText);
const isWhere = isRecordOf({}, { caps: isTexts, arches: isTexts, minKernel: isText });
const isCondition = isRecordOf({ index: isWhole, op: isOneOf(...OPERATORS), value: isWhole }, { valueTwo: isWhole });

/** A seccomp profile as a record stores it. */
export const isProfile: Shape<Profile> = isRecordOf(
  {
    defaultAction: isAction,
    syscalls: isListOf(
      isRecordOf(
        { names: isTexts, action: isAction },
        { errnoRet: isWhole, args: isListOf(isCondition), includes: isWhere, excludes: isWhere },
      ),
    ),
  },
  { defaultErrnoRet: isWhole, flags: isListOf(isOneOf(...FLAGS)), architectures: isListOf(isOneOf("i386", "arm")) },
);
