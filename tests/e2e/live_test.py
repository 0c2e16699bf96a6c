"""A live run in trouble: its state is damaged under it, a source cannot be read, or it is replayed with other packs."""
import json, os, signal, socket, sqlite3, subprocess, time, unittest

import harness
from harness import BINARY

DEADLINE = 120


class LiveTest(unittest.TestCase):
    def setUp(self):
        self.folder = harness.scratch()
        self.state = self.folder / "state"
        self.log = self.folder / "app.log"
        self.log.write_text("")

    def start(self, sources):
        (self.folder / "culprit.yaml").write_text(
            f"state: {{ directory: {self.state} }}\nserve: {{ listen: '' }}\nsources:\n" + sources)
        with open(self.folder / "err.txt", "ab") as err:
            process = subprocess.Popen([str(BINARY), "run", "-c", "culprit.yaml", "--format", "none"], cwd=self.folder,
                                       stderr=err)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        if process.poll() is None:
            process.kill()
        process.wait()

    def said(self):
        return (self.folder / "err.txt").read_text()

    def wait(self, what, done):
        end = time.monotonic() + DEADLINE
        while not done():
            self.assertLess(time.monotonic(), end, f"{what}: {self.said()}")
            time.sleep(0.05)

    def write(self, n):
        with open(self.log, "a") as file:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            file.write(f"{stamp} ERROR api: attempt {n}: dial tcp 10.0.0.5:2379: connect: connection refused\n")

    def hits(self):
        try:
            db = sqlite3.connect(f"file:{self.state}/state.db?mode=ro", uri=True)
            try:
                return db.execute("SELECT max(hits) FROM signature_totals").fetchone()[0] or 0
            finally:
                db.close()
        except sqlite3.Error:
            return 0

    def test_a_state_damaged_under_it_ends_it_and_the_next_start_goes_on(self):
        tail = f"  - tail: {{ include: ['{self.log}'] }}\n"
        process = self.start(tail)
        self.write(1)
        self.wait("the first line is committed", lambda: self.hits() == 1)
        db = sqlite3.connect(self.state / "state.db", timeout=30)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # so that pages are read from the file again
        page = db.execute("PRAGMA page_size").fetchone()[0]
        db.close()
        with open(self.state / "state.db", "r+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(page)
            file.write(bytes(range(256)) * ((size - page) // 256))
        self.write(2)
        self.assertEqual(process.wait(DEADLINE), 1, self.said())
        self.assertIn("the state is damaged; the next start sets it aside and goes on", self.said())
        process = self.start(tail)
        self.wait("it was set aside", lambda: "It was set aside as" in self.said())
        self.write(3)
        self.wait("the lines are committed", lambda: self.hits() >= 1)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(DEADLINE), 0, self.said())

    def test_replay_of_the_signal_log_says_if_it_was_written_with_other_knowledge(self):
        process = self.start(f"  - tail: {{ include: ['{self.log}'] }}\n")
        self.write(1)
        self.wait("the line is committed", lambda: self.hits() == 1)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(DEADLINE), 0, self.said())
        again = ("replay", "--signal-log", self.state, "--quiet")
        self.assertEqual(harness.run(*again, check=0).err, "")
        topology = self.folder / "topology.yaml"
        topology.write_text("components: { web: { depends_on: [api] } }\n")
        self.assertIn("written with other packs or topology", harness.run(*again, "--topology", topology, check=0).err)

    def test_a_source_that_cannot_be_read_is_an_incident(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))  # nobody listens there
            process = self.start(f"  - tail: {{ include: ['{self.log}'] }}\n"
                                 f"  - kafka: {{ name: orders, brokers: '127.0.0.1:{closed.getsockname()[1]}', topics: [x] }}\n")

            def incidents():
                try:
                    db = sqlite3.connect(f"file:{self.state}/state.db?mode=ro", uri=True)
                    try:
                        return [json.loads(row[0]) for row in db.execute("SELECT json FROM incidents")]
                    finally:
                        db.close()
                except sqlite3.Error:
                    return []
            self.wait("an incident", lambda: bool(incidents()))
        [incident] = incidents()
        self.assertEqual(incident["root_cause"]["failure_mode"], "culprit/source-down")
        self.assertIn("source orders is failing", json.dumps(incident["evidence"]))
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(DEADLINE), 0, self.said())


if __name__ == "__main__":
    harness.main()
