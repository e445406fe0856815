// wine 8: a connection for which keep-alive is asked before it is open fails. Node.js's own fetch() does so.
const { Socket } = require("node:net");

const setKeepAlive = Socket.prototype.setKeepAlive;
Socket.prototype.setKeepAlive = function (...values) {
  if (!this.connecting) return setKeepAlive.apply(this, values);
  return this.once("connect", () => setKeepAlive.apply(this, values));
};
