"""culprit dlq: list, show, replay and drop over a state that a run left."""
import base64, json, os, subprocess, unittest

from harness import main, run, scratch


class Dlq(unittest.TestCase):
    def setUp(self):
        self.state = scratch() / "state"
        subprocess.run([os.environ["CULPRIT_SEED_STATE"], str(self.state)], check=True)

    def dlq(self, *args, check=0):
        return run("dlq", *args, "--state", self.state, check=check)

    def listed(self, *args):
        return json.loads(self.dlq("list", "--format", "json", *args).out)

    def test_lists_in_text_and_json(self):
        text = self.dlq("list").out
        self.assertIn("kafka:logs[3] offset 4711", text)
        self.assertIn("1 older ones went out by the bounds", text)
        letters = self.listed()
        self.assertEqual(letters["evicted"], 1)
        self.assertEqual(letters["total"], 33)
        self.assertEqual([l["id"] for l in letters["letters"]], list(range(2, 34)))
        self.assertEqual(letters["letters"][0], {
            "id": 2, "time": "2026-11-21T06:51:05.123Z", "source": "kafka-main", "stream": "kafka:logs[3]",
            "position": "offset 4711", "reason": "bad_json", "detail": "expected an object, found a number",
            "size": 4, "replayed": None})
        self.assertEqual(len(self.listed("--source", "web", "--limit", "7")["letters"]), 7)
        self.assertTrue(self.listed("--limit", "7")["more"])
        self.assertEqual(len(self.listed("--reason", "bad_msgpack")["letters"]), 1)
        self.assertIn("No dead letters", self.dlq("list", "--source", "nobody").out)

    def test_shows_bytes_safely(self):
        text = self.dlq("show", 3).out
        self.assertIn("entry 3 of chunk Yw==", text)
        self.assertNotIn("\x00", text)
        self.assertIn("tag\\x00", text)
        letters = json.loads(self.dlq("show", 2, 3, "--format", "json").out)
        self.assertEqual(letters[0]["text"], "4711")
        self.assertEqual(base64.b64decode(letters[1]["base64"]), b"\x93\xa3tag\x00\xff\n")
        self.assertIn("no dead letter 999", self.dlq("show", 999, check=1).err)
        run("dlq", "show", "--state", self.state, check=2)

    def test_replays_each_letter_once(self):
        done = self.dlq("replay", "--source", "web")
        self.assertEqual([json.loads(line)["message"] for line in done.out.splitlines()],
                         [f"line {i}" for i in range(30)])
        self.assertIn("30 dead letters written to standard output", done.err)
        self.assertEqual(self.dlq("replay", "--source", "web").out, "")
        self.assertEqual(len(self.dlq("replay", "--source", "web", "--again").out.splitlines()), 30)
        self.assertEqual([l["id"] for l in self.listed("--pending")["letters"]], [2, 3])
        self.assertIn("(replayed)", self.dlq("list").out)
        out = self.state.parent / "again.log"
        self.dlq("replay", 2, "--output", out)
        self.dlq("replay", 3, "--output", out)
        self.assertEqual(out.read_bytes(), b"4711\n\x93\xa3tag\x00\xff\n")

    def test_a_replay_that_cannot_be_written_marks_nothing(self):
        self.assertIn("/dev/full", self.dlq("replay", "--output", "/dev/full", check=1).err)
        self.assertEqual(len(self.listed("--pending")["letters"]), 32)

    def test_drops_what_is_named(self):
        self.assertIn("say which letters", self.dlq("drop", check=2).err)
        self.dlq("drop", 2, 3)
        self.dlq("drop", 2, check=1)
        self.assertIn("30 dead letters dropped", self.dlq("drop", "--all").err)
        self.assertEqual(self.listed()["letters"], [])

    def test_says_what_is_wrong_with_the_directory(self):
        nowhere = self.state.parent / "nowhere"
        self.assertIn(f"{nowhere}: no state of culprit run here", run("dlq", "list", "--state", nowhere, check=1).err)
        self.assertFalse(nowhere.exists())
        run("dlq", check=2)
        run("dlq", "frobnicate", check=2)
        database = self.state / "state.db"
        database.write_bytes(b"x" * 8192)
        self.assertIn("does not fit its checksum", run("dlq", "list", "--state", self.state, check=1).err)


main()
