"""Killed at random moments, a live run ends with what an undisturbed run ends with.

A writer appends to files that are rotated under way, while `culprit run` follows them; it is killed with SIGKILL
(CULPRIT_KILLS times, default 20) and started again. Compared at the end: signals, hits per signature, incidents by id
with root, onset, symptoms and evidence; each outbox row is there once. `./dev soak` runs it long: CULPRIT_KILLS=200
CULPRIT_BYTES=5000000000.
"""
import json, os, pathlib, random, shutil, signal, sqlite3, subprocess, threading, time, unittest

import harness
from harness import BINARY

KILLS = int(os.environ.get("CULPRIT_KILLS", "20"))
BYTES = int(os.environ.get("CULPRIT_BYTES", "20000000"))
FILES = 4
START = 1795243800  # event time of the first line, seconds
DEADLINE = 600      # seconds until a state that must come has come


def line(service, second, n):
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(START + second)) + f".{n % 1000:03d}Z"
    message = f"served request {n} of shop in {n % 97} ms"
    level = "info"
    if second >= 300 and second < 480 and n % 40 == 0:
        level, message = "error", f"attempt {n}: dial tcp 10.0.0.5:2379: connect: connection refused"
    return json.dumps({"time": stamp, "level": level, "service": service, "msg": message}) + "\n"


class Writer(threading.Thread):
    """Writes the same lines in every run: 600 s of event time, spread over the bytes. Rotates by renaming."""

    def __init__(self, folder, seconds):
        super().__init__()
        self.folder, self.seconds, self.daemon = folder, seconds, True

    def run(self):
        per_second = max(1, BYTES // (600 * FILES * 130))
        files = {f"svc{i}": open(self.folder / f"svc{i}.log", "w") for i in range(FILES)}
        begin = time.monotonic()
        for second in range(600):
            for service, file in files.items():
                file.write("".join(line(service, second, second * per_second + k) for k in range(per_second)))
                file.flush()
            if second % 150 == 149:
                for service in files:
                    path = self.folder / f"{service}.log"
                    path.rename(self.folder / f"{service}.log.{second // 150}")
                    files[service].close()
                    files[service] = open(path, "w")
            time.sleep(max(0, begin + self.seconds * second / 600 - time.monotonic()))
        for file in files.values():
            file.close()


class Run:
    def __init__(self, folder):
        self.folder, self.state = folder, folder / "state"
        (folder / "logs").mkdir()
        (folder / "culprit.yaml").write_text(
            f"state: {{ directory: {self.state} }}\n"
            f"sources: [ {{ tail: {{ name: app, include: ['{folder}/logs/*.log*'], rescan_interval: 1s }} }} ]\n"
            "serve: { listen: '' }\ntime: { idle_after: 15s }\n")
        self.process = None

    def start(self):
        with open(self.folder / "err.txt", "ab") as err:
            self.process = subprocess.Popen([str(BINARY), "run", "-c", "culprit.yaml", "--format", "none"],
                                            cwd=self.folder, stderr=err)

    def kill(self):
        assert self.process.poll() is None, (self.folder / "err.txt").read_text()[-2000:]
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stats(self):
        """A dump of the running process."""
        for old in self.state.glob("dump-*.json"):
            old.unlink()
        self.process.send_signal(signal.SIGUSR2)
        for _ in range(200):
            for dump in self.state.glob("dump-*.json"):
                try:
                    return json.loads(dump.read_text())
                except ValueError:
                    pass
            time.sleep(0.05)
        raise AssertionError("no dump of the state")

    def wait_until_told(self):
        """All was read, the streams are idle, and the incident is open."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            stats = self.stats()
            if (stats["idle_streams"] == stats["streams"] > 0 and stats["log_seq"] == stats["reasoned_seq"]
                    and stats["open_incidents"] > 0 and stats["sources"][0]["lag"] == 0):
                return
            time.sleep(0.5)
        raise AssertionError(f"not settled: {stats}")

    def stop(self):
        self.process.terminate()
        assert self.process.wait(60) == 0

    def result(self):
        db = sqlite3.connect(f"file:{self.state}/state.db?mode=ro", uri=True)
        incidents = {}
        for row in db.execute("SELECT json FROM incidents"):
            i = json.loads(row[0])
            incidents[i["id"]] = {
                "root": i["root_cause"]["component"], "mode": i["root_cause"]["failure_mode"], "onset": i["onset"],
                "explains": [(s["signature"], s["component"], s["onset"], s["count"]) for s in i["symptoms"]],
                "evidence": [(os.path.basename(e["file"]).split(".")[0], e["line"]) for e in i["evidence"]]}
        outbox = list(db.execute("SELECT incident, event, revision FROM outbox WHERE event = 'opened'"))
        hits = dict(db.execute("SELECT signature, hits FROM signature_totals"))
        signals = sum(hits.values())
        late = dict(db.execute("SELECT reason, count FROM counters WHERE half = 'reason'")).get("late", 0)
        return {"incidents": incidents, "outbox": sorted(outbox), "hits": hits, "signals": signals, "late": late}


class KillTest(unittest.TestCase):
    maxDiff = 4000

    def one(self, kills):
        folder = harness.scratch()
        run = Run(folder)
        rng = random.Random(kills)
        try:
            seconds = max(15, kills * 0.7)
            run.start()
            writer = Writer(folder / "logs", seconds)
            writer.start()
            for _ in range(kills):
                time.sleep(rng.uniform(0.05, 1.2 * seconds / kills))
                run.kill()
                run.start()
            writer.join()
            run.wait_until_told()
            run.stop()
            return run.result()
        except BaseException:
            print((folder / "err.txt").read_text()[-3000:])
            raise
        finally:
            if run.process and run.process.poll() is None:
                run.kill()
            shutil.rmtree(folder)

    def test_killed_ends_as_undisturbed(self):
        undisturbed = self.one(0)
        self.assertGreater(undisturbed["signals"], 0)
        self.assertEqual(len(undisturbed["incidents"]), 1)
        self.assertEqual(undisturbed["late"], 0)
        killed = self.one(KILLS)
        self.assertEqual(killed, undisturbed)
        self.assertEqual(len(killed["outbox"]), len(set(killed["outbox"])))


if __name__ == "__main__":
    harness.main()
