// Sends records with the official Node.js logger: node forward_send.js '{"count": 10, "options": {...}}'.
const { EventTime, FluentClient } = require("@fluent-org/logger");

async function main() {
  const { count, options } = JSON.parse(process.argv[2]);
  const client = new FluentClient("node", options);
  // Without this an error would only be printed.
  client.socketOn("error", (error) => { console.error(String(error)); process.exit(1); });
  await client.connect();
  const sent = [];
  for (let i = 0; i < count; i++) sent.push(client.emit("app", { message: `node ${i}`, n: i }, EventTime.now()));
  await Promise.all(sent);
  await client.shutdown();
  console.log("acknowledged", count);
}

main().catch((error) => { console.error(String(error)); process.exit(1); });
