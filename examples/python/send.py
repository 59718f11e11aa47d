# send.py - events in, acknowledged (pip install pyzmq msgpack, or Debian's python3-zmq python3-msgpack)
import os, time, zmq, msgpack
dealer = zmq.Context().socket(zmq.DEALER)
dealer.connect(os.environ.get("LAJU_INGEST_ACKED", "tcp://127.0.0.1:5550"))

def send(batch_id, events):
    batch = msgpack.packb(["E1", [batch_id, events]])
    while True:
        dealer.send(batch)
        while dealer.poll(10_000):  # no answer in 10 s: the same bytes again; an id counts once
            kind, answer = msgpack.unpackb(dealer.recv())
            if answer["b"] == batch_id:  # else: a second answer to an earlier batch
                if kind == "A1" or not answer["retry_ms"]:
                    return kind, answer
                time.sleep(answer["retry_ms"] / 1000)  # N1 overloaded, starting, ...: nothing was stored
                break

now = int(time.time() * 1000)
print(*send(1, [{"id": f"s-{now}-1", "t": "sale", "ts": now, "cust": "ani", "camp": "harbolnas", "amt": 15000000},
                {"id": f"s-{now}-2", "t": "sale", "ts": now, "cust": "budi", "amt": 99.5}]))  # a float: refused
