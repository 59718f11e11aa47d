// subscribe.mjs - one channel, live: subscribe first, then a snapshot; a restart or a lost row asks for another
import { Dealer, Subscriber } from "zeromq"; import { encode, decode } from "@msgpack/msgpack";
let channel = "r1d/campaign", rows = new Map(), updates = new Subscriber(), reply, epoch, seen = 0;
updates.connect(process.env.LAJU_PUBLISH_UPDATES ?? "tcp://127.0.0.1:5551");
updates.subscribe(`kpi/${channel}/`, "hb/");
const keep = (topic, row, old = rows.get(topic)) => // a row may come twice, or late: the higher version stays
  (!old || row.e > old.e || (row.e === old.e && row.s > old.s)) && rows.set(topic, row) && console.log(topic, row.cur);
for await (const [head, bytes] of updates) { // c counts the channel's changes, without a gap
  const topic = String(head), row = decode(bytes), beat = topic === "hb/", c = beat ? row.ch[channel] ?? 0 : row.c;
  if (row.e !== epoch || c > seen + (beat ? 0 : 1)) {
    const ask = new Dealer({ linger: 0, receiveTimeout: 10_000 });
    ask.connect(process.env.LAJU_PUBLISH_SNAPSHOT ?? "tcp://127.0.0.1:5552");
    await ask.send(encode(["S1", { p: `kpi/${channel}/`, n: 4 }])), rows.clear();
    while ((reply = decode((await ask.receive().catch(() => [encode([])]))[0]))[0] === "R1")
      reply[1].forEach(([key, value]) => keep(key, decode(value))), await ask.send(encode(["C1", 1]));
    epoch = reply[0] === "Z1" ? row.e : null; // no end within 10 s: the next row or heartbeat asks again
    seen = Math.max(c, ...[...rows.values()].map((each) => each.c)), ask.close();
  }
  if (!beat) (seen = Math.max(seen, c)), keep(topic, row);
}
