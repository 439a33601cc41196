// Loaded first by every Node process that the local AWS starts: it connects to this machine only.
// Node takes no proxy from the environment by default, and older AWS SDKs no endpoint.
"use strict";

const net = require("node:net");

const HERE = /^(?:localhost|.+\.localhost|127\.\d+\.\d+\.\d+|::1|\[::1\])$/i;
const connect = net.Socket.prototype.connect;

// The forms of socket.connect(): (options), (path), (port, host); Node itself passes them on as one array.
function hostOf(given) {
  const [first, second] = Array.isArray(given[0]) ? given[0] : given;
  if (first !== null && typeof first === "object") return first.path ? null : first.host || "localhost";
  const isPort = typeof first === "number" || /^\d+$/.test(first);
  if (!isPort) return null;
  return typeof second === "string" ? second : "localhost";
}

net.Socket.prototype.connect = function (...given) {
  const host = hostOf(given);
  if (host === null || HERE.test(host)) return connect.apply(this, given);
  const error = new Error(`The local AWS connects to this machine only, not to ${host}.`);
  error.code = "EACCES";
  process.nextTick(() => this.destroy(error));
  return this;
};
