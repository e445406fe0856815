import { Failure } from "../failure.ts";

const IMPORT = "tinydocker image import NAME FILE.tar";
const BUILD = `build it with docker or buildah, push it to a registry, and tinydocker pull it; or save it to a file: ${IMPORT}`;
const ONE_MACHINE = "tinydocker runs containers on this machine only";

/** The commands of `docker` that are not here, and what to do instead. */
const UNAVAILABLE: Readonly<Record<string, string>> = {
  bake: BUILD,
  build: BUILD,
  builder: BUILD,
  buildx: BUILD,
  checkpoint: "a container runs until its command ends",
  compose: "start each container with tinydocker run --network NAME: they find each other by name",
  config: ONE_MACHINE,
  container: "it takes ls, run, exec and the other commands about containers, which need no word before them",
  context: ONE_MACHINE,
  manifest: `images are of this machine's architecture: ${IMPORT}`,
  node: ONE_MACHINE,
  plugin: "there are no plugins",
  scout: "scan it where it is built",
  search: "look for images on the registry's own pages",
  secret: "give a file with -v FILE:/run/secrets/NAME:ro",
  service: "run it as a service of systemd",
  stack: ONE_MACHINE,
  swarm: ONE_MACHINE,
  trust: "each digest that an image carries is checked when it is imported",
  "image build": BUILD,
  "volume update": "labels are given when it is made",
};

const NO_SERVER = "leave it out: there is no server, and tinydocker runs containers on this machine only";
const NO_LOG = "leave it out: tinydocker has no log of its own, and says what goes wrong";

/** docker's options before the command, and what to do instead. */
const GLOBAL: Readonly<Record<string, string>> = {
  "--config": "DOCKER_CONFIG=DIR in the environment names the directory of credentials",
  "--context": NO_SERVER,
  "-c": NO_SERVER,
  "--debug": NO_LOG,
  "-D": NO_LOG,
  "--host": NO_SERVER,
  "-H": NO_SERVER,
  "--log-level": NO_LOG,
  "-l": NO_LOG,
  "--tls": NO_SERVER,
  "--tlscacert": NO_SERVER,
  "--tlscert": NO_SERVER,
  "--tlskey": NO_SERVER,
  "--tlsverify": NO_SERVER,
};

/** What to do instead of a command of docker's, or an option before one, that is not here; undefined for any other words. */
export function unavailableCommand([first = "", second = ""]: readonly string[]): Failure | undefined {
  const option = first.replace(/=.*$/s, "");
  if (Object.hasOwn(GLOBAL, option))
    return new Failure(`tinydocker has no ${option}`, { code: "usage", remedy: GLOBAL[option] ?? "" });
  const command = [`${first} ${second}`, first].find((words) => Object.hasOwn(UNAVAILABLE, words));
  if (command === undefined) return undefined;
  return new Failure(`tinydocker has no command ${command}`, { code: "usage", remedy: UNAVAILABLE[command] ?? "" });
}
