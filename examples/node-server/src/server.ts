import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { currentCpu } from "./cpu.ts";

const server = createServer((_request, response) => {
  response.end(`hello from processor ${currentCpu()}\n`);
});

server.listen(Number(process.argv[2] ?? 8080), "127.0.0.1", () => {
  const { address, port } = server.address() as AddressInfo;
  console.log(`http://${address}:${port}/`);
});
