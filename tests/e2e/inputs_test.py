"""Every shape of input gives the same incidents; every bad input a clear message, and the rest is still done."""
import bz2, gzip, io, json, lzma, os, pathlib, shutil, subprocess, tarfile, unittest, zipfile

from harness import BINARY, main, outage, replay_json, run, scratch, write_outage


def essence(report):
    """A report without what rightly differs between sources: names and positions of streams."""
    def strip(node):
        if isinstance(node, dict):
            return {k: strip(v) for k, v in node.items() if k not in ("file", "offset", "streams")}
        return [strip(v) for v in node] if isinstance(node, list) else node
    report = strip(report)
    report["stats"].pop("streams", None)
    return report


class Inputs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = scratch()
        cls.logs = write_outage(cls.root / "outage")
        cls.expected = essence(replay_json(cls.logs))
        assert [i["root_cause"]["component"] for i in cls.expected["incidents"]][:1] == ["etcd"], cls.expected["incidents"]

    def same(self, *inputs, stdin=b""):
        self.assertEqual(essence(replay_json(*inputs, stdin=stdin)), self.expected)

    def test_twice_and_with_any_number_of_workers_byte_for_byte(self):
        outs = {run("replay", self.logs, "--format", "json", "--quiet", "--workers", n, check=0).out for n in (1, 1, 2, 8)}
        self.assertEqual(len(outs), 1)

    def test_workers_inside_one_big_stream_byte_for_byte(self):
        lines = [line for rows in zip(*(text.splitlines()[:360] for text in outage().values())) for line in rows]
        text = ("\n".join(lines) + "\n").encode() * 12  # 2 MB: several blocks
        half = len(text) // 2 + 11  # inside a line
        packed = self.root / "big"
        packed.mkdir()
        (packed / "plain.log").write_bytes(text)
        (packed / "one.log.gz").write_bytes(gzip.compress(text, 1))
        (packed / "members.log.gz").write_bytes(gzip.compress(text[:half], 1) + gzip.compress(text[half:], 1))
        if shutil.which("zstd"):
            frames = [subprocess.run(["zstd", "-1", "-c"], input=part, capture_output=True, check=True).stdout
                      for part in (text[:half], text[half:], text)]
            (packed / "frames.log.zst").write_bytes(b"".join(frames))
        with tarfile.open(packed / "all.tar", "w") as tar:
            for i in range(3):
                info = tarfile.TarInfo(f"logs/{i}.log")
                info.size = len(text)
                tar.addfile(info, io.BytesIO(text))
        for file in [*sorted(packed.iterdir()), packed]:
            outs = {run("replay", file, "--format", "json", "--quiet", "--workers", n, check=0).out for n in (1, 2, 8)}
            self.assertEqual(len(outs), 1, file)

    def test_files_globs_and_directories(self):
        self.same(*[self.logs / f"{s}.log" for s in ("web", "etcd", "api", "core")])
        self.same(f"{self.logs}/*.log")
        self.same(f"{self.root}/out*/**")

    def test_archives(self):
        for name, mode in (("a.tar", "w"), ("a.tar.gz", "w:gz"), ("a.tar.bz2", "w:bz2"), ("a.tar.xz", "w:xz")):
            with tarfile.open(self.root / name, mode) as tar:
                tar.add(self.logs, arcname="outage")
            self.same(self.root / name)
        with zipfile.ZipFile(self.root / "a.zip", "w", zipfile.ZIP_DEFLATED) as z:
            for file in self.logs.iterdir():
                z.write(file, f"outage/{file.name}")
        self.same(self.root / "a.zip")

    def test_compressed_files(self):
        folder = self.root / "packed"
        folder.mkdir()
        texts = outage()
        (folder / "api.log.gz").write_bytes(gzip.compress(texts["api"][:9000].encode()) + gzip.compress(texts["api"][9000:].encode()))
        (folder / "core.log.bz2").write_bytes(bz2.compress(texts["core"].encode()))
        (folder / "web.log.xz").write_bytes(lzma.compress(texts["web"].encode()))
        for tool, ending in (("zstd", "zst"), ("lz4", "lz4")):
            if not shutil.which(tool):
                self.skipTest(f"{tool} is not installed")
        (folder / "etcd.log.zst").write_bytes(subprocess.run(["zstd", "-c"], input=texts["etcd"].encode(), capture_output=True, check=True).stdout)
        self.same(folder)
        (folder / "etcd.log.zst").unlink()
        (folder / "etcd.log.lz4").write_bytes(subprocess.run(["lz4", "-c"], input=texts["etcd"].encode(), capture_output=True, check=True).stdout)
        self.same(folder)

    def test_standard_input(self):
        with tarfile.open(self.root / "stdin.tar.gz", "w:gz") as tar:
            tar.add(self.logs, arcname="outage")
        self.same("-", stdin=(self.root / "stdin.tar.gz").read_bytes())
        one = self.logs / "api.log"
        self.assertEqual(essence(replay_json("-", stdin=one.read_bytes())), essence(replay_json(one)))

    def test_cloudwatch_records_without_newlines_are_an_event_each(self):
        def record(kind, group, messages):
            events = [{"id": str(i), "timestamp": 1795243860000 + 1000 * i, "message": m} for i, m in enumerate(messages)]
            return json.dumps({"messageType": kind, "owner": "1", "logGroup": group, "logStream": "s", "subscriptionFilters": ["all"],
                               "logEvents": events})
        refused = ["ok"] * 30 + ["dial tcp 10.0.0.5:2379: connect: connection refused"] * 30
        packed = self.root / "firehose.gz"
        packed.write_bytes(gzip.compress((record("CONTROL_MESSAGE", "", ["CWL CONTROL MESSAGE"]) +
                                          record("DATA_MESSAGE", "/aws/lambda/checkout", refused) +
                                          record("DATA_MESSAGE", "/aws/lambda/cart", refused)).encode()))
        stats = replay_json(packed)["stats"]
        self.assertEqual((stats["lines"], stats["reasons"]["control_message"]), (120, 1))
        self.assertEqual(stats["last_time"], "2026-11-21T06:51:59.000Z")
        self.assertGreaterEqual(stats["signals"], 60)

    def test_all_services_in_one_stream_name_the_same_incident(self):
        """Mixed in one stream, silence of one service shows against the others: more evidence, same verdict."""
        def verdict(report):
            return [(i["root_cause"]["component"], i["root_cause"]["failure_mode"], i["onset"], i["affected"]) for i in report["incidents"] if i["state"] in ("open", "resolved")]
        texts = outage()
        lines = sorted((line for text in texts.values() for line in text.splitlines()), key=lambda l: json.loads(l).get("time") or json.loads(l)["ts"])
        self.assertEqual(verdict(replay_json("-", stdin=("\n".join(lines) + "\n").encode())), verdict(self.expected))
        concatenated = replay_json("-", stdin="".join(texts.values()).encode())
        self.assertEqual(verdict(concatenated), verdict(self.expected))
        self.assertEqual(concatenated["stats"]["reasons"]["late"], 0)

    def test_crlf_and_no_final_newline(self):
        folder = self.root / "crlf"
        folder.mkdir()
        for service, text in outage().items():
            (folder / f"{service}.log").write_bytes(text.rstrip("\n").replace("\n", "\r\n").encode())
        incidents = replay_json(folder)["incidents"]
        self.assertEqual([i["root_cause"]["component"] for i in incidents], ["etcd"])

    def test_a_missing_file_is_named_and_the_rest_is_done(self):
        done = run("replay", self.logs, self.root / "not-there.log", "--format", "json", check=1)
        self.assertIn("not-there.log", done.err)
        self.assertEqual(json.loads(done.out)["incidents"][0]["root_cause"]["component"], "etcd")
        self.assertIn("not-there.log", run("replay", self.root / "not-there.log", check=1).err)

    def test_an_unreadable_file(self):
        if os.geteuid() == 0:
            self.skipTest("root reads everything")
        secret = self.root / "secret.log"
        secret.write_text("x")
        secret.chmod(0)
        self.assertIn("secret.log", run("replay", self.logs, secret, check=1).err)

    def test_a_truncated_gz_gives_its_readable_part(self):
        folder = self.root / "cut"
        write_outage(folder)
        whole = gzip.compress(outage()["api"].encode())
        (folder / "api.log").unlink()
        (folder / "api.log.gz").write_bytes(whole[: len(whole) * 9 // 10])
        done = run("replay", folder, "--format", "json", check=1)
        self.assertIn("api.log.gz", done.err)
        report = json.loads(done.out)
        self.assertEqual(report["incidents"][0]["root_cause"]["component"], "etcd")
        self.assertIn("api", report["incidents"][0]["affected"])

    def test_a_directory_without_logs(self):
        (self.root / "empty").mkdir()
        self.assertIn("empty", run("replay", self.root / "empty", check=1).err)

    def test_a_binary_file_is_skipped_and_said(self):
        folder = self.root / "mixed"
        write_outage(folder)
        (folder / "core.dump").write_bytes(b"\x7fELF" + bytes(range(256)) * 200)
        done = run("replay", folder, "--format", "json", check=0)
        self.assertIn("core.dump", done.err)
        report = json.loads(done.out)
        self.assertEqual(report["stats"]["reasons"]["binary_input"], 1)
        self.assertEqual(report["incidents"][0]["root_cause"]["component"], "etcd")

    def test_hostile_bytes_do_no_harm(self):
        folder = self.root / "hostile"
        write_outage(folder)
        (folder / "bad.log").write_bytes(b"2026-11-21T06:06:00Z ERROR \xff\xfe\x00 panic: \x1b[2J\n" * 50 + b"A" * (11 << 20) + b"\n" + b"{" * 5000)
        report = replay_json(folder)
        self.assertGreaterEqual(report["stats"]["reasons"]["line_truncated"], 1)
        self.assertIn("etcd", [i["root_cause"]["component"] for i in report["incidents"]])

    def test_memory_stays_bounded(self):
        """64 MB in hard shapes; the limit on address space would kill a program that held the input."""
        shapes = {
            "one-line": b"x" * (64 << 20),
            "many-services": b"".join(b'{"time":"2026-11-21T06:06:%02dZ","level":"error","service":"s%d","msg":"connection refused"}\n' % (i % 60, i) for i in range(300_000)),
            "all-match": b"".join(b"2026-11-21T06:%02d:%02dZ ERROR api dial tcp 10.0.0.5:2379: connect: connection refused\n" % (i // 20000 % 60, i // 333 % 60) for i in range(600_000)),
        }
        for name, data in shapes.items():
            file = self.root / f"{name}.log"
            file.write_bytes(data)
            done = subprocess.run(["/usr/bin/env", "python3", "-c", PEAK, str(file)] + [str(BINARY)], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertLess(int(done.stdout), 300_000, f"{name}: peak memory in kB")


PEAK = """
import resource, subprocess, sys
done = subprocess.run([sys.argv[2], 'replay', sys.argv[1], '--quiet', '--format', 'json'], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(done.returncode)
"""

if __name__ == "__main__":
    main()
