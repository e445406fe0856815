/** Who the caller is to a registry. */
export type Credentials =
  | { readonly user: string; readonly password: string }
  /** A refresh token, for OAuth 2. */
  | { readonly identityToken: string };
