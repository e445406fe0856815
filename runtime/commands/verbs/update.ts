import { update } from "../../container/update.ts";
import { Failure } from "../../failure.ts";
import { restartOf } from "../../spec/life.ts";
import { LIMIT_OPTIONS } from "../options/limits.ts";
import { each } from "./each.ts";
import { verb } from "./verb.ts";

export const updateVerb = verb({
  synopsis: "NAME [NAME…]",
  describe: "Change the restart policy and the limits of containers, whether they run or not",
  options: {
    restart: {
      type: "string",
      emptyIsUnset: true,
      describe: "no, on-failure[:N], always or unless-stopped, from the next end on",
    },
    memory: LIMIT_OPTIONS.memory,
    "memory-swap": LIMIT_OPTIONS["memory-swap"],
    "memory-reservation": LIMIT_OPTIONS["memory-reservation"],
    cpus: LIMIT_OPTIONS.cpus,
    "cpu-shares": LIMIT_OPTIONS["cpu-shares"],
    "cpu-period": LIMIT_OPTIONS["cpu-period"],
    "cpu-quota": LIMIT_OPTIONS["cpu-quota"],
    "cpuset-cpus": LIMIT_OPTIONS["cpuset-cpus"],
    "cpuset-mems": LIMIT_OPTIONS["cpuset-mems"],
    "pids-limit": LIMIT_OPTIONS["pids-limit"],
  },
  run: (values, names) => {
    if (Object.values(values).every((value) => value === undefined))
      throw new Failure("there is nothing to change: neither a limit nor --restart is given", { code: "usage" });
    const changes = {
      restart: values.restart === undefined ? undefined : restartOf(values.restart),
      limits: {
        memory: values.memory,
        memorySwap: values["memory-swap"],
        memoryReservation: values["memory-reservation"],
        cpus: values.cpus,
        cpuShares: values["cpu-shares"],
        cpuPeriod: values["cpu-period"],
        cpuQuota: values["cpu-quota"],
        cpusetCpus: values["cpuset-cpus"],
        cpusetMems: values["cpuset-mems"],
        pidsLimit: values["pids-limit"],
      },
    };
    return each(names, (container) => update(container, changes));
  },
});
