import { Failure } from "../../failure.ts";
import type { Namespace, Namespaces } from "../namespaces.ts";
import { textFault } from "../text.ts";

/** Those that belong to a namespace, as docker has them: all of net.* and fs.mqueue.*, and these. */
const IPC = ["msgmax", "msgmnb", "msgmni", "sem", "shmall", "shmmax", "shmmni", "shm_rmid_forced"].map(
  (name) => `kernel.${name}`,
);

/** Settings by name, such as net.ipv4.ip_forward, from KEY=VALUE each. Throws Failure for what would change the machine's. */
export function sysctlsOf(asked: readonly string[], linux: Namespaces): Record<string, string> {
  return Object.fromEntries(
    asked.map((text) => {
      const [, name = "", value] = /^([^=]*)=([\s\S]*)$/.exec(text) ?? [];
      const fault = textFault(text);
      if (fault !== undefined) throw refused(text, `it ${fault}`);
      if (value === undefined || value === "") throw refused(text, "it is not NAME=VALUE");
      checkNamespace(text, canonical(name), linux);
      return [canonical(name), value];
    }),
  );
}

/** Its file below /proc/sys. With slashes, a component may contain dots, as that of an interface: sysctl(8). */
export function sysctlPath(name: string): string {
  return name.includes("/") ? name : name.replaceAll(".", "/");
}

/** With dots, unless a component contains one. */
function canonical(name: string): string {
  return name.includes("/") && !name.includes(".") ? name.replaceAll("/", ".") : name;
}

function checkNamespace(text: string, name: string, linux: Namespaces): void {
  const path = sysctlPath(name);
  if (!/^[a-z_]+(\/[\w.:@-]+)+$/.test(path) || /(^|\/)\.\.?(\/|$)/.test(path))
    throw refused(text, "it is not the name of a setting");
  const type = namespaceOf(path.replaceAll("/", "."));
  if (type === undefined)
    throw refused(text, "it is a setting of the whole machine, which no namespace has for itself");
  const namespace = linux.namespaces.find((one) => one.type === type);
  if (namespace?.container !== undefined) throw refused(text, `its ${type} namespace is another container's`);
  if (!namespace)
    throw refused(text, `it would change the machine's own, because the container has no ${type} namespace`);
}

function namespaceOf(name: string): Namespace["type"] | undefined {
  if (name.startsWith("net.")) return "network";
  return name.startsWith("fs.mqueue.") || IPC.includes(name) ? "ipc" : undefined;
}

function refused(text: string, why: string): Failure {
  return new Failure(`can't set --sysctl ${JSON.stringify(text)}: ${why}`, {
    code: "usage",
    remedy: `a container can set net.*, fs.mqueue.* and ${IPC.join(", ")}`,
  });
}
