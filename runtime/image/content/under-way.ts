import { identify } from "../../host/process.ts";

/** Begins the name of what this process is making: `.PID-STARTTIME-`, so that another can see whether it still runs. */
export function underWayPrefix(): string {
  return `.${process.pid}-${identify(process.pid)?.startTime}-`;
}

/** Whether it was left by a process that has ended. */
export function isLeft(name: string): boolean {
  const [, pid, started] = /^\.?(\d+)-(\d+)-/.exec(name) ?? [];
  return pid !== undefined && identify(Number(pid))?.startTime !== started;
}
