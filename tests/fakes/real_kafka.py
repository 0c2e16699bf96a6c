#!/usr/bin/env python3
"""A real Kafka broker (tests/kafka/broker.py) behind a port for orders; prints that port, or 0 if there is none here.

GET /state          {"bootstrap", "secure", "user", "password", "ca"}
GET /kill, /start   the broker dies as by a power cut; comes back with its data
GET /messages?topic=T  what is in the topic, by kcat: [{"partition", "key", "id", "value"}], by partition and offset
"""
import json, pathlib, shutil, subprocess, sys, tempfile, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "kafka"))
import broker
from fake_server import Answer, Fake, serve


class RealKafka(Fake):
    def __init__(self, cluster):
        super().__init__()
        self.cluster = cluster

    def handle(self, request):
        cluster = self.cluster
        if request.path == "/kill":
            cluster.kill_broker(1)
        elif request.path == "/start":
            cluster.start_broker(1)
            cluster.wait(1, time.monotonic() + 120)
        elif request.path == "/messages":
            raise Answer(200, self.messages(request.query.removeprefix("topic=")))
        raise Answer(200, {"bootstrap": cluster.bootstrap, "secure": cluster.secure_bootstrap, "user": broker.USER,
                           "password": broker.PASSWORD, "ca": str(cluster.ca)})

    def messages(self, topic):
        text = subprocess.run(["kcat", "-C", "-e", "-q", "-o", "beginning", "-b", self.cluster.bootstrap, "-t", topic, "-J"],
                              check=True, stdout=subprocess.PIPE, timeout=110).stdout.decode()
        found = sorted((json.loads(line) for line in text.splitlines()), key=lambda m: (m["partition"], m["offset"]))
        return [{"partition": m["partition"], "key": m["key"], "value": m["payload"],
                 "id": dict(zip(m["headers"][::2], m["headers"][1::2])).get("culprit-notification")} for m in found]


if shutil.which("java") is None or shutil.which("kcat") is None or not (broker.LIBS / "done").exists():
    print(0, flush=True)
    sys.exit()
with tempfile.TemporaryDirectory() as folder, broker.Cluster(pathlib.Path(folder) / "kafka", secure=True) as running:
    serve(RealKafka(running))
