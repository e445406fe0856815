/** What else docker calls the verbs of images, networks and volumes. */
export const ALIASES: Readonly<Record<string, string>> = { list: "ls", remove: "rm" };
