import { Failure } from "../failure.ts";

/** A name is also a single path component, without the characters that separate overlayfs's options. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/;

const KINDS = { container: "a container", image: "an image", network: "a network", volume: "a volume" } as const;

export function noContainer(written: string): Failure {
  const remedy = "tinydocker ps -a lists all of them";
  if (written === "") return new Failure('the name of the container is "", an empty word', { code: "usage", remedy });
  return new Failure(`there is no container ${written || '""'}`, { code: "container-not-found", remedy });
}

/** Returns the name of one of them; throws Failure (exit 125) when it breaks the rule. */
export function checkedName(kind: keyof typeof KINDS, name: string): string {
  if (NAME.test(name)) return name;
  throw new Failure(`${JSON.stringify(name)} can't be the name of ${KINDS[kind]}`, {
    code: "name-invalid",
    remedy: "use 1 to 64 letters, digits, '_', '.' and '-', the first one a letter or a digit",
  });
}
