/** A TCP port, or a Unix socket. */
export type Endpoint =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "socket"; readonly path: string };

/** `localhost:8080`, `[::1]:8080` or the socket's path. */
export function endpointText(endpoint: Endpoint): string {
  if (endpoint.kind === "socket") return endpoint.path;
  const { host, port } = endpoint;
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
