// send.mjs - events in, acknowledged (npm install zeromq @msgpack/msgpack)
import { Dealer } from "zeromq";
import { encode, decode } from "@msgpack/msgpack";
const dealer = new Dealer({ linger: 0, receiveTimeout: 10_000 });
dealer.connect(process.env.LAJU_INGEST_ACKED ?? "tcp://127.0.0.1:5550");
async function send(batchId, events) {
  for (const batch = encode(["E1", [batchId, events]]); ; ) {
    await dealer.send(batch);
    let frame, kind, answer = { retry_ms: 1 }; // no answer in 10 s: the same bytes again; an id counts once
    do {
      [frame] = await dealer.receive().catch(() => []);
      if (frame) [kind, answer] = decode(frame);
    } while (frame && answer.b !== batchId); // else: a second answer to an earlier batch
    if (kind === "A1" || !answer.retry_ms) return [kind, answer];
    await new Promise((done) => setTimeout(done, answer.retry_ms)); // N1 overloaded, starting: nothing was stored
  }
}
const ts = Date.now(), good = { id: `n-${ts}-1`, t: "sale", ts, cust: "ani", camp: "harbolnas", amt: 15000000 };
console.log(...(await send(1, [good, { ...good, id: `n-${ts}-2`, amt: 99.5 }]))); // a float: refused
