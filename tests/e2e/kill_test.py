"""Killed at random moments, a live run ends with what an undisturbed run ends with.

Senders (senders.py) write files that are rotated, produce into a real Kafka, forward chunks, and post (JSON lines, OTLP),
while `culprit run` takes it all in. It is killed with SIGKILL (CULPRIT_KILLS times, default 20) and started again. In
between the broker is killed, the disk fills up, another consumer takes partitions away, also while nothing can be
committed, and chunks and requests come twice. Compared at the end: signals, hits per signature, incidents by id with
root, onset, symptoms and evidence, their journal, and who was told when; each outbox row is there once, each
notification came to its destination once.
`./dev soak` runs it long: CULPRIT_KILLS=200 CULPRIT_BYTES=5000000000. Without Java or without the right to mount, that
part is left out and told.
"""
import concurrent.futures, json, os, pathlib, random, shutil, signal, sqlite3, subprocess, sys, threading, time
import unittest, urllib.error, urllib.request, zlib

import harness
import senders
from harness import BINARY, SOURCE, free_ports

sys.path.insert(0, str(SOURCE / "tests/kafka"))
import broker

KILLS = int(os.environ.get("CULPRIT_KILLS", "20"))
BYTES = int(os.environ.get("CULPRIT_BYTES", "12000000"))
DEADLINE = 600  # seconds until a state that must come has come
STATE_BYTES = 512 << 20
LINE_BYTES = 138


def say(text):
    print(f"kill_test: {text}", file=sys.stderr, flush=True)


class Plan:
    """What is sent: ten minutes of event time; from 300 s to 480 s every 40th line says that etcd is away."""
    start, seconds = 1795243800, 600

    def __init__(self, wall, services):
        self.wall, self.pace = wall, senders.Pace()
        self.per_second = max(1, BYTES // (self.seconds * services * LINE_BYTES))

    def block(self, service, second):
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self.start + second))
        failing = 300 <= second < 480
        out = []
        for k in range(self.per_second):
            n = second * self.per_second + k
            level, message = "info", f"served request {n} of shop in {n % 97} ms"
            if failing and n % 40 == 0:
                level, message = "error", f"attempt {n}: dial tcp 10.0.0.5:2379: connect: connection refused"
            # Milliseconds ascend within the second, so that each stream is in order; no two services have the same time.
            ms, us = k * 1000 // self.per_second, zlib.crc32(service.encode()) % 1000
            out.append(f'{{"time":"{stamp}.{ms:03d}{us:03d}Z","level":"{level}","service":"{service}","msg":"{message}"}}')
        return out


class Run:
    def __init__(self, folder, bootstrap, tmpfs):
        self.folder, self.state = folder, folder / "state"
        self.port, self.http_port, self.serve_port = free_ports(3)
        self.state.mkdir()
        self.mounted = tmpfs and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={STATE_BYTES}", "tmpfs", self.state], capture_output=True).returncode == 0
        (folder / "logs").mkdir()
        kafka = ""
        if bootstrap:
            # A static member: a restarted one has its partitions at once.
            kafka = (f"  - kafka: {{ name: bus, brokers: ['{bootstrap}'], topics: [orders, web], group: kill, properties: "
                     "{ group.instance.id: kill-1, session.timeout.ms: 6000, reconnect.backoff.max.ms: 500 }, "
                     "drain_timeout: 2s }\n")
        (folder / "culprit.yaml").write_text(
            f"state: {{ directory: {self.state}, log_bytes: 128MiB }}\n"
            f"serve: {{ listen: '127.0.0.1:{self.serve_port}' }}\n"
            f"sinks: [ {{ file: {{ path: '{folder}/told.jsonl' }} }}, {{ file: {{ name: two, path: '{folder}/two.jsonl' }} }} ]\n"
            "routes: [ { sinks: [file, two], group_wait: 2s, group_interval: 20s } ]\n"
            f"time: {{ idle_after: 30s }}\nsources:\n"
            f"  - tail: {{ name: app, include: ['{folder}/logs/*.log*'], rescan_interval: 1s }}\n"
            f"  - forward: {{ name: fluent, listen: '127.0.0.1:{self.port}' }}\n"
            f"  - http: {{ name: posts, listen: '127.0.0.1:{self.http_port}' }}\n" + kafka)
        self.process = None

    def start(self):
        with open(self.folder / "err.txt", "ab") as err:
            self.log_begin = err.tell()
            self.process = subprocess.Popen([str(BINARY), "run", "-c", "culprit.yaml", "--format", "none"],
                                            cwd=self.folder, stderr=err)

    def log(self, since=0):
        """What it said; `since`: an earlier log_size()."""
        with open(self.folder / "err.txt", "rb") as file:
            file.seek(since)
            return file.read().decode("utf-8", "replace")

    def log_size(self):
        return (self.folder / "err.txt").stat().st_size

    def wait_for_log(self, text, since, seconds=DEADLINE):
        end = time.monotonic() + seconds
        while text not in self.log(since):
            assert time.monotonic() < end, f"it does not say {text!r}: {self.log(since)[-2000:]}"
            time.sleep(0.02)

    def wait_not_ready(self):
        """/-/ready says that the state cannot be written."""
        end, answer = time.monotonic() + DEADLINE, None
        while time.monotonic() < end:
            try:
                answer = self.get("/-/ready")
            except urllib.error.HTTPError as error:
                answer = error.read()
                if error.code == 503 and any(r["what"] == "state" and "full" in r["detail"]
                                             for r in json.loads(answer)["reasons"]):
                    return
            except OSError as error:
                answer = error
            time.sleep(0.02)
        raise AssertionError(f"/-/ready with a full disk: {answer}")

    def kill(self):
        assert self.process.poll() is None, self.log()[-2000:]
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def wait_ready(self):
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            try:
                return self.get("/-/ready")
            except OSError as error:
                answer = error
            time.sleep(0.02)
        raise AssertionError(f"/-/ready with room on the disk again: {answer}")

    def with_full_disk(self, then, act):
        """Nothing can be committed while act() runs. `then`: called once it is full; something comes in."""
        filler = self.state / "filler"
        with open(filler, "wb") as file:
            try:
                while True:
                    file.write(bytes(1 << 20))
                    file.flush()
            except OSError:
                pass
            try:
                file.close()
            except OSError:
                pass
        try:
            then()
            self.wait_not_ready()
            act()
        finally:
            filler.unlink()
        self.wait_ready()

    def get(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.serve_port}{path}", timeout=30) as response:
            return json.loads(response.read())

    def stats(self):
        return self.get("/api/v1/status")

    def wait_until_told(self, partitions):
        """All was read, the streams are idle, and the incident is open."""
        end = time.monotonic() + DEADLINE
        # Before it says so, a signal would end it.
        while "info running state=" not in self.log(self.log_begin):
            assert self.process.poll() is None and time.monotonic() < end, "it does not start"
            time.sleep(0.05)
        while time.monotonic() < end:
            assert self.process.poll() is None, "it ended by itself"
            stats = self.stats()
            sources = {s["name"]: s for s in stats["sources"]}
            if (stats["idle_streams"] == stats["streams"] > 0 and stats["log_seq"] == stats["reasoned_seq"]
                    and stats["open_incidents"] > 0 and all((s["lag"] or 0) <= 0 for s in sources.values())
                    and (not partitions or sources["bus"]["streams"] == partitions)):
                return
            time.sleep(0.5)
        raise AssertionError(f"not settled: {stats}")

    def wait_for_partitions(self):
        """All are back after the last restart, so that another member can only take them away."""
        end = time.monotonic() + DEADLINE
        while (bus := {s["name"]: s for s in self.stats()["sources"]}["bus"])["streams"] != 5:
            assert time.monotonic() < end, bus
            time.sleep(0.1)

    def stop(self):
        self.process.terminate()
        assert self.process.wait(DEADLINE) == 0

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()
        if self.mounted:
            subprocess.run(["umount", self.state], check=True)
        shutil.rmtree(self.folder)

    def result(self):
        db = sqlite3.connect(f"file:{self.state}/state.db?mode=ro", uri=True)
        incidents = {}
        for row in db.execute("SELECT json FROM incidents"):
            i = json.loads(row[0])
            incidents[i["id"]] = {
                "root": i["root_cause"]["component"], "mode": i["root_cause"]["failure_mode"], "onset": i["onset"],
                "explains": [(s["signature"], s["component"], s["onset"], s["count"]) for s in i["symptoms"]],
                "evidence": [(os.path.basename(e["file"]).split(".")[0], e["line"]) for e in i["evidence"]]}
        rows = list(db.execute("SELECT incident, event, revision FROM outbox"))
        assert len(rows) == len(set(rows)), rows
        hits = dict(db.execute("SELECT signature, hits FROM signature_totals"))
        late = dict(db.execute("SELECT reason, count FROM counters WHERE half = 'reason'")).get("late", 0)
        letters = db.execute("SELECT count(*) FROM dead_letters").fetchone()[0]
        # Each notification came to each destination once, and in the same order.
        told = [[json.loads(line) for line in (self.folder / path).read_text().splitlines()] for path in ("told.jsonl", "two.jsonl")]
        ids = [[n["id"].rsplit("/", 2)[0] for n in lines] for lines in told]
        assert ids[0] == ids[1] and all(len(lines) == len({n["id"] for n in lines}) for lines in told), told
        journal = list(db.execute("SELECT incident, number, time, event, before, after, text FROM journal ORDER BY incident, number"))
        assert [row[1] for row in journal] == list(range(1, len(journal) + 1)), journal  # of the one incident
        db.close()
        return {"told": [(n["id"], n["time"]) for lines in told for n in lines if n["event"] == "opened"], "journal": [row for row in journal if row[3] == "opened"], "incidents": incidents, "outbox": sorted(r for r in rows if r[1] == "opened"), "hits": hits,
                "signals": sum(hits.values()), "late": late, "dead_letters": letters}


class Disturber:
    """Kills, and every twenty kills something else of each kind as well. One step after the other, at random moments."""

    def __init__(self, run, cluster, lib, pace):
        self.run, self.cluster, self.lib, self.pace, self.rng = run, cluster, lib, pace, random.Random(1)
        self.did = {"kills": 0, "broker cuts": 0, "full disks": 0, "revocations": 0, "revocations on a full disk": 0,
                    "read by the other": 0}

    def cut_broker(self, go_on):
        self.cluster.kill_broker(1)
        go_on()
        time.sleep(self.rng.uniform(0.2, 1))
        self.cluster.start_broker(1)
        self.cluster.wait(1, time.monotonic() + DEADLINE)

    def other_member(self):
        self.did["read by the other"] += senders.join_and_leave(self.lib, self.cluster.bootstrap, "kill", ["orders", "web"], DEADLINE)

    def revoke(self, go_on):
        self.run.wait_for_partitions()
        since = self.run.log_size()
        go_on()
        self.other_member()
        self.run.wait_for_log("] revoked", since)

    def fill_disk(self, go_on):
        self.run.with_full_disk(go_on, lambda: time.sleep(0.5))

    def revoke_uncommitted(self, go_on):
        """Partitions are taken away with batches of theirs that cannot be committed, and come back before they are."""
        self.run.wait_for_partitions()
        since = self.run.log_size()
        other = threading.Thread(target=self.other_member)

        def act():
            other.start()
            self.run.wait_for_log("revoked partitions given up with batches in flight", since)
            other.join()
            self.run.wait_for_partitions()
        self.run.with_full_disk(go_on, act)

    def go(self, kills, wall):
        steps = {}
        if self.run.mounted:
            steps[3] = ("full disks", self.fill_disk)
        if self.cluster:
            steps |= {8: ("broker cuts", self.cut_broker), 13: ("revocations", self.revoke)}
        if self.cluster and self.run.mounted:
            steps[11] = ("revocations on a full disk", self.revoke_uncommitted)
        for n in range(kills):
            # Half of what belongs to this kill comes before the step, the rest during it and up to the kill.
            self.pace.allow((n + 0.5) / kills)
            time.sleep(self.rng.uniform(0.05, 0.6 * wall / kills))
            go_on = lambda: self.pace.allow((n + 1) / kills)
            if n % 20 in steps:
                self.run.wait_for_log("info running state=", self.run.log_begin)
                name, act = steps[n % 20]
                act(go_on)
                self.did[name] += 1
            go_on()
            time.sleep(self.rng.uniform(0.05, 0.6 * wall / kills))
            self.run.kill()
            self.run.start()
            self.did["kills"] += 1
        self.pace.allow(1)


class KillTest(unittest.TestCase):
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.lib = senders.librdkafka() if shutil.which("java") and (broker.LIBS / "done").exists() else None
        if cls.lib is None:
            say("no Java or no Kafka in build/kafka (./dev setup kafka): without Kafka")

    def one(self, kills):
        folder = harness.scratch()
        cluster = broker.Cluster(folder / "kafka").start() if self.lib else None
        run = None
        try:
            if cluster:
                cluster.create_topic("orders", 3)
                cluster.create_topic("web", 2)
            run = Run(folder, cluster and cluster.bootstrap, tmpfs=True)
            if not run.mounted:
                say("no right to mount a tmpfs: the disk does not fill up")
            wall = max(15, KILLS * 0.9, BYTES / 10e6)
            plan = Plan(wall, services=13)
            run.start()
            sending = [senders.TailWriter(plan, folder / "logs"), senders.ForwardSender(plan, run.port, kills > 0),
                       senders.HttpSender(plan, run.http_port, kills > 0)]
            if cluster:
                sending.append(senders.KafkaProducer(plan, self.lib, cluster.bootstrap))
            begin = time.monotonic()
            for sender in sending:
                sender.start()
            disturber = Disturber(run, cluster, self.lib, plan.pace)
            disturber.go(kills, wall)
            for sender in sending:
                sender.finish(DEADLINE + wall)
            sent = time.monotonic() - begin
            run.wait_until_told(5 if cluster else 0)
            took = time.monotonic() - begin
            run.stop()
            result = run.result()
            did = disturber.did | {"chunks sent twice": sending[1].again, "requests sent twice": sending[2].again}
            say(f"sent in {sent:.0f} s, told after {took:.0f} s; " + ", ".join(f"{v} {k}" for k, v in did.items()) +
                f"; {result['signals']} signals, {result['late']} late")
            return result
        except BaseException:
            if (folder / "err.txt").exists():
                say((folder / "err.txt").read_text()[-3000:])
            raise
        finally:
            if cluster:
                cluster.stop()
            if run:
                run.close()

    def test_killed_ends_as_undisturbed(self):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            undisturbed, killed = (run.result() for run in [pool.submit(self.one, k) for k in (0, KILLS)])
        self.assertGreater(undisturbed["signals"], 0)
        self.assertEqual(len(undisturbed["incidents"]), 1)
        self.assertEqual(undisturbed["late"], 0)
        self.assertEqual(killed, undisturbed)


if __name__ == "__main__":
    harness.main()
