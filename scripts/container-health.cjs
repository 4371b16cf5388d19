// The health check of the container: exit code 0 if the server reports that it is alive. It asks only this machine, so the name in the certificate
// does not matter.
const { get: overHttp } = require("node:http");
const { get: overHttps } = require("node:https");

const place = { host: "127.0.0.1", port: 8025, path: "/healthz", timeout: 4000, rejectUnauthorized: false };

/** Resolves to true or false. */
function isAlive(get) {
  return new Promise((resolve) => {
    const request = get(place, (reply) => {
      reply.resume();
      resolve(reply.statusCode === 200);
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(false));
  });
}

isAlive(overHttp)
  .then((alive) => alive || isAlive(overHttps))
  .then((alive) => process.exit(alive ? 0 : 1));
