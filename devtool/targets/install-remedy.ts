/** The programs that vagrant/provision.sh installs. */
const PROVISIONED: ReadonlySet<string> = new Set(["node", "npm", "npx", "gcc", "cc", "cpp", "ld", "make", "rsync"]);

/** What to do about a program that a target does not have. */
export function installRemedy(
  program: string,
  provision = "devtool provision, or run and watch with --provision",
): string {
  return PROVISIONED.has(program) ? `install it there: ${provision} (Debian and Ubuntu)` : "install it there";
}
