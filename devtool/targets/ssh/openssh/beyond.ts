/** OpenSSH's own ssh can log in here, and the library can't; the message says why. */
export class BeyondLibrary extends Error {
  override readonly name = "BeyondLibrary";
}

/** OpenSSH's ssh is not installed. */
export class NoOpenSsh extends Error {
  override readonly name = "NoOpenSsh";
}
