/** This machine if it runs Linux, else the Vagrant machine. */
export const DEFAULT_TARGET = process.platform === "linux" ? "local" : "vagrant";
