import { constants } from "node:os";
import { parseRun } from "../../runtime/commands/run/run-arguments.ts";
import { cloneFailure, hostFailure } from "../../runtime/container/failure/diagnose.ts";
import { checkKernel } from "../../runtime/container/request/prepare.ts";
import { Failure, type FailureCode } from "../../runtime/failure.ts";
import { requestedDevices } from "../../runtime/host/devices.ts";
import { removeImage } from "../../runtime/image/remove.ts";
import { resolveImage } from "../../runtime/image/resolve.ts";
import { checkedName } from "../../runtime/spec/name.ts";
import { resolveUser } from "../../runtime/spec/user.ts";
import { type FailureCase, testFailureCodes } from "../rig/failure-codes.ts";

const { EPERM, ENOSPC, EAGAIN, EACCES } = constants.errno;

const systemError = (errno: number) => Object.assign(new Error("open"), { syscall: "open", errno: -errno, path: "/s" });

const CASES: readonly FailureCase<FailureCode>[] = [
  ["an unknown option", () => parseRun(["--nosuch", "a", "true"]), "usage"],
  ["no command", () => parseRun(["a"]), "usage"],
  ["a name that is a path", () => checkedName("container", "../etc"), "name-invalid"],
  ["a user that the image does not have", () => resolveUser("nosuch", "", ""), "user-unknown"],
  ["an image that was never imported", (empty) => resolveImage(empty, "nosuch"), "image-not-found"],
  [
    "a device that does not exist",
    () => requestedDevices([{ source: "/dev/nosuch", path: "/x", access: "rwm" }]),
    "device-missing",
  ],
  ["the removal of the built-in image", (empty) => removeImage(empty, "host"), "image-built-in"],
  ["an old kernel", () => checkKernel("4.19.0"), "kernel-too-old"],
  ["a process that the kernel refuses", () => cloneFailure("clone", EPERM, true), "namespace-refused"],
  ["too many processes", () => cloneFailure("clone", EAGAIN, false), "limit-reached"],
  ["a full disk", () => hostFailure(systemError(ENOSPC)), "no-space"],
  ["a state directory of another user", () => hostFailure(systemError(EACCES)), "state-unwritable"],
];

testFailureCodes(Failure, CASES);
