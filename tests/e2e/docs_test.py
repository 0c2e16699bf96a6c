"""The documentation keeps its word: what README shows runs, the links lead somewhere, the flags exist.

After a change of the report's words or of the demo's logs, README's capture is rewritten by
  tests/e2e/docs_test.py build/dev/culprit . --update
"""
import os, pathlib, re, shutil, signal, subprocess, sys, tempfile, time, unittest, urllib.parse

import harness
from harness import BINARY, SOURCE

COMMANDS = ("replay", "run", "check", "test", "explain", "evidence", "schema", "completions",
            "dlq list", "dlq show", "dlq replay", "dlq drop", "tap", "top",
            "incidents list", "incidents show", "incidents journal", "incidents ack", "incidents resolve", "incidents note",
            "incidents assign", "incidents merge", "silence add", "silence list", "silence expire", "silence preview", "drill",
            "sink list", "sink status", "sink test", "sink render")
README = SOURCE / "README.md"
CAPTURE = re.compile(r"(<!-- output: culprit (.*?) -->\n```text\n)(.*?)(```\n)", re.S)
TIMELINE_SHOWN = 5  # lines of the time line that the capture keeps
CUT = "              ...\n"


def markdown_files():
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=SOURCE,
                            capture_output=True, text=True)
    names = listed.stdout.split("\n") if listed.returncode == 0 else []
    found = [SOURCE / n for n in names if n and (SOURCE / n).exists()]
    return found or [p for p in SOURCE.rglob("*.md") if "build" not in p.relative_to(SOURCE).parts]


def without_code(text):
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M))


def anchors(text):
    """GitHub's ids of the headings."""
    seen = set()
    for heading in re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.S | re.M), re.M):
        seen.add(re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-"))
    return seen


def workplace():
    """A folder that looks like a checkout after ./dev build, with the program under test in it."""
    folder = harness.scratch()
    (folder / "build" / "release").mkdir(parents=True)
    (folder / "build" / "release" / "culprit").symlink_to(BINARY)
    (folder / "patterns").symlink_to(SOURCE / "patterns")
    return folder


def capture_of(arguments):
    done = subprocess.run([str(BINARY), *arguments.split()], cwd=SOURCE, capture_output=True, check=True)
    lines = done.stdout.decode().splitlines(keepends=True)
    first = next(i for i, line in enumerate(lines) if line.startswith("  time line"))
    return "$ culprit " + arguments + "\n" + "".join(lines[:first + TIMELINE_SHOWN]) + CUT


class Docs(unittest.TestCase):
    def test_marked_blocks_run(self):
        blocks = re.findall(r"^<!-- run -->\n```sh\n(.*?)^```", README.read_text(), re.S | re.M)
        self.assertGreater(len(blocks), 5)
        script = "set -e\n" + "".join(f"echo '== block {i}' >&2\n{block}" for i, block in enumerate(blocks, 1))
        folder = workplace()
        try:
            done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=600,
                                  env={**os.environ, "CULPRIT": str(BINARY)})
            self.assertEqual(done.returncode, 0, "the last block begun failed:\n" + done.stderr[-3000:])
            # The pack in the README is worth showing only if it finds its incident.
            self.assertIn("ledgerctl unlock q4", done.stdout)
            self.assertIn("shop/ledger-locked", done.stdout)
        finally:
            shutil.rmtree(folder)

    def live(self, block, env=()):
        """Runs a block in a folder with the demo's logs until an incident is on the terminal."""
        folder = workplace()
        (folder / "logs").symlink_to(SOURCE / "patterns/packs/placeos/scenarios/etcd-outage/logs")
        env = {**os.environ, "PATH": f"{folder}/build/release:{os.environ['PATH']}", **dict(env)}
        block = re.sub(r"(state-\w+,)", r"\1 serve: { listen: '' },", block).replace("'' }", '"" }')
        told = folder / "told.txt"
        try:
            with open(told, "wb") as out:
                process = subprocess.Popen(["bash", "-ec", block + "wait\n"], cwd=folder, stdout=out, stderr=out, env=env,
                                           start_new_session=True)
            end = time.monotonic() + 120
            while time.monotonic() < end and process.poll() is None and "root cause  etcd" not in told.read_text():
                time.sleep(0.1)
            text = told.read_text()
            self.assertIn("root cause  etcd", text)
            self.assertLess(len(re.findall(r"^\w", re.sub(r"'\n.*?'$", "'", block, flags=re.S | re.M), re.M)), 5)
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            process.wait()
            shutil.rmtree(folder)

    def test_live_blocks_tell_an_incident(self):
        files, fluent, kafka = re.findall(r"^<!-- run live -->\n```sh\n(.*?)^```", README.read_text(), re.S | re.M)
        with self.subTest("files"):
            self.live(files)
        with self.subTest("fluent"):
            if not (SOURCE / "build/clients/python/fluent").exists():
                self.skipTest("no fluent-logger in build/clients (./dev setup test)")
            [port] = harness.free_ports(1)
            # The client sends once and buffers: it must find the port open.
            ready = f"until (echo > /dev/tcp/127.0.0.1/{port}) 2>/dev/null; do sleep 0.1; done\npython3"
            self.live(fluent.replace("24224", str(port)).replace("python3", ready, 1),
                      {"PYTHONPATH": str(SOURCE / "build/clients/python")})
        with self.subTest("kafka"):
            sys.path.insert(0, str(SOURCE / "tests/kafka"))
            import broker
            if not (shutil.which("kcat") and shutil.which("java") and (broker.LIBS / "done").exists()):
                self.skipTest("no kcat, no Java or no Kafka in build/kafka (./dev setup kafka)")
            folder = harness.scratch()
            try:
                with broker.Cluster(folder / "kafka") as cluster:
                    self.live(kafka.replace("127.0.0.1:9092", cluster.bootstrap))
            finally:
                shutil.rmtree(folder)

    def test_capture_is_what_the_program_prints(self):
        match = CAPTURE.search(README.read_text())
        self.assertIsNotNone(match)
        # What it concludes must be true today; counts, offsets and quoted lines may be those of an older version.
        told = lambda text: [re.sub(r"\d+", "#", line) for line in text.splitlines()
                             if re.match(r"etcd|  (root cause|took down|impact|first step)", line)]
        self.assertEqual(told(match.group(3)), told(capture_of(match.group(2))),
                         "README's capture is out of date: tests/e2e/docs_test.py build/dev/culprit . --update")

    def test_flags_exist(self):
        known = {f for c in COMMANDS for f in re.findall(r"--[a-z][a-z-]*", harness.run(*c.split(), "--help", check=0).out)}
        known |= set(re.findall(r"--[a-z][a-z-]*", harness.run("--help", check=0).out))
        for name in ("README.md", "patterns/README.md"):
            for line in (SOURCE / name).read_text().splitlines():
                # Flags of other programs stand left of a pipe into culprit, or behind their names.
                if re.match(r"(journalctl|kubectl|jq|etcdctl|tar|docker) ", line):
                    line = line.partition("| culprit")[2]
                line = re.sub(r"\betcdctl [^`']*|--from=\S+", "", line)
                for flag in re.findall(r"(?<![\w-])--[a-z][a-z-]*", line):
                    self.assertIn(flag, known, f"{name}: {line}")

    def test_named_commands_exist(self):
        help_text = harness.run("--help", check=0).out
        for command in re.findall(r"`?culprit ([a-z]+)\b", "\n".join(re.findall(r"```sh\n(.*?)```", README.read_text(), re.S))):
            self.assertRegex(help_text, rf"(?m)^  {command} ", command)

    def test_links_resolve(self):
        broken = []
        for file in markdown_files():
            for link in re.findall(r"\[[^\]\[]*\]\(([^)\s]+)\)", without_code(file.read_text())):
                if re.match(r"[a-z]+:", link):
                    continue
                path, _, anchor = urllib.parse.unquote(link).partition("#")
                target = file.parent / path if path else file
                if not target.exists():
                    broken.append(f"{file.relative_to(SOURCE)}: {link}: no such file")
                elif anchor and target.suffix == ".md" and anchor not in anchors(target.read_text()):
                    broken.append(f"{file.relative_to(SOURCE)}: {link}: no such heading")
        self.assertEqual(broken, [])

    def test_headers_cite_documents_that_exist(self):
        """Comments in the code that say "doc/adr/0003" mean a file here."""
        for file in [*SOURCE.glob("engine/**/*.h"), *SOURCE.glob("engine/**/*.cc")]:
            for number in re.findall(r"doc/adr/(\d{4})", file.read_text()):
                self.assertTrue(list(SOURCE.glob(f"engine/doc/adr/{number}-*.md")), f"{file}: adr {number}")

    def test_includes_point_one_way(self):
        """engine/README.md: base <- core, port <- config, stages, state, sinks <- pipeline, serve <- cmd."""
        above = ["engine/pipeline", "engine/serve", "engine/cmd"]  # join the others; each may use those before it
        wrong = []
        for file in [p for top in ("engine", "sinks") for p in (SOURCE / top).rglob("*") if p.suffix in (".h", ".cc")]:
            own = "/".join(file.relative_to(SOURCE).parts[:2])
            allowed = {own, "engine/base", "engine/core", "engine/port", "sinks/common"}
            if own.startswith("sinks/"):
                allowed.add("sinks/render")
            if own in ("engine/base", "engine/core", "engine/port"):
                allowed = {own, "engine/base"}
            for other in re.findall(r'^#include "((?:engine|sinks)/\w+)/', file.read_text(), re.M):
                joins = own in above
                if joins and (other not in above or above.index(other) <= above.index(own)):
                    continue
                # What the configuration file fills in: plain structs of options.
                if own == "engine/config" and (other in ("engine/deliver", "engine/ingest", "engine/redact") or other.startswith("sinks/")):
                    continue
                # The list of all sinks.
                if own.startswith("sinks/all_sinks."):
                    continue
                if joins or other not in allowed:
                    wrong.append(f"{file.relative_to(SOURCE)} includes {other}")
        self.assertEqual(wrong, [])

    def test_every_decision_is_listed(self):
        listed = (SOURCE / "engine/doc/adr/README.md").read_text()
        for file in SOURCE.glob("engine/doc/adr/[0-9]*.md"):
            self.assertIn(file.name, listed)

    def test_every_folder_has_a_readme(self):
        folders = [p.parent for top in ("engine", "sinks", "bench", "tests") for p in SOURCE.glob(f"{top}/*/CMakeLists.txt")]
        missing = [str(f.relative_to(SOURCE)) for f in folders if not (f / "README.md").exists()]
        self.assertEqual(missing, [])


def update():
    text = README.read_text()
    README.write_text(CAPTURE.sub(lambda m: m.group(1) + capture_of(m.group(2)) + m.group(4), text))


if __name__ == "__main__":
    update() if "--update" in sys.argv else harness.main()
