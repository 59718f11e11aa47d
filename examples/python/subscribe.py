# subscribe.py - one channel, live: subscribe first, then a snapshot; a restart or a lost row asks for another
import os, zmq, msgpack
channel, context, rows, epoch, seen = "r1d/campaign", zmq.Context(), {}, None, 0
updates = context.socket(zmq.SUB); updates.connect(os.environ.get("LAJU_PUBLISH_UPDATES", "tcp://127.0.0.1:5551"))
for prefix in (f"kpi/{channel}/", "hb/"): updates.subscribe(prefix)
def keep(topic, row):  # a row may come twice, or late: the higher version stays
    if topic not in rows or (row["e"], row["s"]) > (rows[topic]["e"], rows[topic]["s"]):
        rows[topic] = row; print(topic, row["cur"], flush=True)
while True:
    topic, row = updates.recv_multipart(); topic, row = topic.decode(), msgpack.unpackb(row)
    c = row["ch"].get(channel, 0) if topic == "hb/" else row["c"]  # counts the channel's changes, without a gap
    if row["e"] != epoch or c > seen + (topic != "hb/"):
        with context.socket(zmq.DEALER) as ask:
            ask.linger = 0; ask.connect(os.environ.get("LAJU_PUBLISH_SNAPSHOT", "tcp://127.0.0.1:5552"))
            ask.send(msgpack.packb(["S1", {"p": f"kpi/{channel}/", "n": 4}])); rows.clear(); reply = [None]
            while ask.poll(10_000) and (reply := msgpack.unpackb(ask.recv()))[0] == "R1":
                for key, value in reply[1]: keep(key, msgpack.unpackb(value))
                ask.send(msgpack.packb(["C1", 1]))
        epoch, seen = row["e"] if reply[0] == "Z1" else None, max([c] + [r["c"] for r in rows.values()])
    if topic != "hb/": seen = max(seen, c); keep(topic, row)
