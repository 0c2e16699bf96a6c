"""The API's commands and pages, against the server with fixed values and against a culprit that runs."""
import json, os, pathlib, re, shutil, signal, subprocess, time, unittest, urllib.error, urllib.request

from harness import BINARY, main, run, scratch, write_outage

TOKEN = "t0ken-of-the-test"


class Fake(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = subprocess.Popen([os.environ["CULPRIT_SERVE_FAKE"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        cls.url = cls.server.stdout.readline().strip()

    @classmethod
    def tearDownClass(cls):
        cls.server.communicate()

    def test_tap_prints_what_the_filter_wants(self):
        lines = run("tap", "--url", self.url, "-n", 3, "--format", "json", "--signature", "nginx/*", check=0).out.splitlines()
        signals = [s for s in map(json.loads, lines) if s["type"] == "signal"]
        self.assertEqual([s["signature"] for s in signals], ["nginx/5xx"] * 3)
        text = run("tap", "--url", self.url, "-n", 1, "--component", "core", "--grep", "refu+sed", check=0).out
        self.assertIn("generic/refused", text)
        self.assertNotIn("\x1b", text)
        self.assertIn("grep: ", run("tap", "--url", self.url, "--grep", "(", check=2).err)

    def test_top_prints_once_without_a_terminal(self):
        text = run("top", "--url", self.url, "--interval", "1", check=0).out
        for part in ("culprit 1.2.3", "kafka-main", "lagging", "1.2k messages", "generic/refused", "OPEN INCIDENTS", "etcd is down"):
            self.assertIn(part, text)
        self.assertNotRegex(text, r" 0 lines/s")
        self.assertNotIn("\x1b", text)
        look = json.loads(run("top", "--url", self.url, "--format", "json", check=0).out)
        self.assertEqual(look["sources"][0]["lag"], 1200)
        self.assertEqual(len(look["incidents"]), 1)

    def test_incidents_are_listed_and_shown(self):
        text = run("incidents", "list", "--url", self.url, check=0).out
        self.assertEqual(len(text.splitlines()), 3)
        only = run("incidents", "list", "--url", self.url, "--only", "open", "--format", "json", check=0).out
        incident = json.loads(only)["incidents"][0]
        show = lambda *a: run("incidents", "show", incident["id"], "--url", self.url, *a, check=0).out
        self.assertIn("$ etcdctl endpoint health", show())
        self.assertEqual(json.loads(show("--format", "json")), incident)
        self.assertTrue(show("--format", "html").startswith("<!doctype html>"))
        self.assertIn("no incident 'x'", run("incidents", "show", "x", "--url", self.url, check=1).err)

    def test_says_what_to_do_where_nobody_answers(self):
        for command in (["tap"], ["top", "--once"], ["incidents", "list"]):
            done = run(*command, "--url", "http://127.0.0.1:1", check=1)
            self.assertIn("is culprit run up", done.err)

    def test_tokens_come_from_a_file_and_stay_secret(self):
        server = subprocess.Popen([os.environ["CULPRIT_SERVE_FAKE"], TOKEN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        url = server.stdout.readline().strip()
        folder = scratch()
        (folder / "token").write_text(TOKEN + "\n")
        (folder / "wrong").write_text("wrong-" + TOKEN)
        ask = lambda *a, check=0, env=None: run("incidents", "list", "--url", url, *a, check=check, env=env)
        self.assertIn("INC-", ask("--token-file", folder / "token").out)
        self.assertIn("INC-", ask(env={**os.environ, "CULPRIT_TOKEN": TOKEN}).out)
        done = ask("--token-file", folder / "wrong", check=1)
        self.assertIn("wants a token", done.err)
        self.assertNotIn(TOKEN, done.err + done.out)
        self.assertIn("cannot be read", ask("--token-file", folder / "none", check=1).err)
        server.communicate()
        shutil.rmtree(folder)

    @unittest.skipUnless(shutil.which("chromium"), "no chromium")
    def test_pages_draw_themselves_in_a_browser(self):
        folder = scratch()
        def dom(path):
            return subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--dump-dom", f"--user-data-dir={folder}",
                                   self.url + path], capture_output=True, text=True, timeout=300).stdout
        desk = dom("/")
        self.assertIn("1 open incident", desk)
        link = re.search(r'href="(/incidents/INC-[^"]+)"', desk).group(1)
        page = dom(link)
        self.assertIn("← all incidents", page)
        self.assertIn("<svg", page, "the script ran under the page's policy")
        self.assertNotIn("<script>alert(1)", page)
        shutil.rmtree(folder, ignore_errors=True)


class Live(unittest.TestCase):
    """culprit run over a file that etcd's outage is written to."""

    def get(self, path, method="GET", **headers):
        request = urllib.request.Request(self.url + path, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def until(self, what, holds):
        deadline = time.monotonic() + 180
        while not (found := holds()):
            self.assertLess(time.monotonic(), deadline, what)
            time.sleep(0.1)
        return found

    def test_run_serves_what_it_finds(self):
        folder = scratch()
        logs = folder / "logs"
        config = folder / "culprit.yaml"
        sources = f"sources: [ {{ tail: {{ name: files, include: ['{logs}/*.log'], rescan_interval: 1s }} }} ]\n"
        text = (f"{sources}state: {{ directory: {folder}/state, sync: false }}\n"
                "time: { idle_after: 2s }\nserve: { listen: '127.0.0.1:0' }\n")
        config.write_text(text)
        with open(folder / "err", "wb") as log:
            process = subprocess.Popen([str(BINARY), "run", "-c", str(config), "--format", "none"],
                                       stdout=subprocess.DEVNULL, stderr=log)
        try:
            port = self.until("the server is up", lambda: process.poll() is not None or
                              re.search(r"serving .*port=(\d+)", (folder / "err").read_text()))
            self.assertIsNone(process.poll(), (folder / "err").read_text())
            self.url = f"http://127.0.0.1:{port.group(1)}"
            write_outage(logs)
            self.until("an incident", lambda: json.loads(self.get("/api/v1/incidents")[1])["incidents"])
            listed = json.loads(run("incidents", "list", "--url", self.url, "--format", "json", check=0).out)["incidents"]
            self.assertEqual(listed[0]["root_cause"]["component"], "etcd")
            self.assertIn("etcd", run("incidents", "list", "--state", folder / "state", check=0).out)
            self.until("all lines", lambda: "culprit_lines_total 2" in self.get("/metrics")[1])
            metrics = self.get("/metrics")[1]
            self.assertRegex(metrics, r'culprit_source_lines_total\{source="files"\} 2\d\d\d')
            self.assertIn('culprit_config_last_reload_successful 1', metrics)
            self.assertIn("files", run("top", "--url", self.url, "--interval", "0.2", check=0).out)
            self.assertEqual(self.get("/-/ready")[0], 200)
            page = self.get("/incidents/" + listed[0]["id"])[1]
            self.assertIn('"edges":[{', page)
            self.assertEqual(json.loads(self.get("/-/reload", "POST")[1])["needs_restart"], [])
            config.write_text(text + "drain_timeout: 7s\n")
            self.assertEqual(json.loads(self.get("/-/reload", "POST")[1])["needs_restart"], ["drain_timeout"])
            config.write_text(text + "sorces: 1\n")
            status, answer = self.get("/-/reload", "POST")
            self.assertEqual(status, 422)
            self.assertIn("sorces", answer)
            self.assertIn("culprit_config_last_reload_successful 0", self.get("/metrics")[1])
            ready = self.get("/-/ready")
            self.assertEqual(ready[0], 200, "the configuration before it goes on")
            self.assertIn("sorces", ready[1])
            tap = subprocess.Popen([str(BINARY), "tap", "--url", self.url, "-n", "1", "--format", "json"],
                                   stdout=subprocess.PIPE, text=True)
            line = json.dumps({"time": "2026-11-21T06:12:00Z", "level": "error", "service": "api",
                               "msg": 'later: "dial tcp 10.0.0.5:2379: connect: connection refused"'}) + "\n"
            def feed():
                with open(logs / "api.log", "a") as file:
                    file.write(line)
                return tap.poll() is not None
            self.until("a tapped signal", feed)
            self.assertEqual(json.loads(tap.communicate()[0])["component"], "api")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(120)
        self.assertEqual(process.returncode, 0, (folder / "err").read_text())
        shutil.rmtree(folder)


main()
