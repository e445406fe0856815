import koffi from "koffi";

const libc = koffi.load("libc.so.6");

/** The number of the processor that runs this: sched_getcpu(3). */
export const currentCpu: () => number = libc.func("int sched_getcpu()");
