"""Incidents reach people: the configuration's mistakes are named, and `culprit run` tells its sinks."""
import contextlib, itertools, json, os, re, shutil, signal, sqlite3, subprocess, time, unittest, urllib.request

import harness
from harness import BINARY, FakeReceiver, free_ports, run, scratch

TAIL = "state: s\nserve: { listen: '' }\nsources: [ { tail: { include: [none.log] } } ]\n"


class Configuration(unittest.TestCase):
    def setUp(self):
        self.folder = scratch()
        self.addCleanup(shutil.rmtree, self.folder)

    def refused(self, text, *parts):
        """`check` names the mistake with its line, `run` refuses to start."""
        file = self.folder / "culprit.yaml"
        file.write_text(TAIL + text)
        env = {k: v for k, v in os.environ.items() if k != "SLACK_URL"}
        for command in (["check", "-c", file], ["run", "-c", file]):
            done = run(*command, env=env, check=78)
            for part in parts:
                self.assertIn(part, done.err, command)

    def at(self, line):
        return f"{self.folder}/culprit.yaml:{line + 3}: "

    def test_an_url_that_is_none(self):
        self.refused("sinks:\n  - webhook: { url: 'htp://x/' }\n", self.at(2), "'url' is no URL")

    def test_a_variable_that_is_not_set(self):
        self.refused("sinks:\n  - slack:\n      webhook_url: ${SLACK_URL}\n", self.at(3), "SLACK_URL")

    def test_a_template_with_an_error(self):
        self.refused("sinks:\n  - pagerduty: { routing_key: k, summary: '{{titel}}' }\n", self.at(2), "titel")
        self.refused("sinks:\n  - webhook: { url: 'http://x/', body: '{\"a\": {{title}}' }\n", self.at(2), "no JSON")

    def test_a_severity_that_there_is_not(self):
        self.refused("sinks: [ { stdout: {} } ]\nroutes:\n  - { match: { severity: fatal }, sinks: stdout }\n",
                     self.at(3), "'fatal' is no severity; expected info, warning, error or critical")

    def test_names_that_nothing_has(self):
        self.refused("sinks: [ { slack: { webhook_url: 'http://x/' } } ]\nroutes: [ { sinks: [slak] } ]\n",
                     self.at(2), "no sink is called 'slak'; did you mean 'slack'?")
        self.refused("sinks: [ { stdout: {} } ]\nroutes: [ { sinks: stdout, team: db } ]\n", self.at(2), "no team is called 'db'")
        self.refused("maintenance: [ { components: [etcd], during: nights } ]\n", self.at(1), "'nights'")

    def test_a_matcher_that_is_no_expression(self):
        self.refused("sinks: [ { stdout: {} } ]\nroutes: [ { sinks: stdout, match: { labels: ['component=~('] } } ]\n",
                     self.at(2), "component=~(")

    def test_what_is_right_is_counted(self):
        file = self.folder / "culprit.yaml"
        file.write_text(TAIL + "sinks: [ { stdout: {} } ]\nroutes: [ { sinks: stdout } ]\n")
        self.assertIn("1 source, 1 sink, 1 route: fine", run("check", "-c", file, check=0).out)


class Replay(unittest.TestCase):
    def test_tells_nobody_unless_told_to(self):
        folder = scratch()
        self.addCleanup(shutil.rmtree, folder)
        logs = harness.write_outage(folder / "logs")
        pager = FakeReceiver("pagerduty.py")
        self.addCleanup(pager.stop)
        config = folder / "culprit.yaml"
        config.write_text(f"sources: [ {{ stdin: {{}} }} ]\nsinks:\n  - file: {{ path: '{folder}/told.jsonl' }}\n"
                          f"  - pagerduty: {{ routing_key: 0123456789abcdef0123456789abcdef, url: '{pager.url}/v2/enqueue' }}\n")
        run("replay", logs, "-c", config, "--quiet", check=0)
        self.assertFalse((folder / "told.jsonl").exists())
        done = run("replay", logs, "-c", config, "--quiet", "--send", check=0)
        self.assertIn("sent to file: 1", done.err)
        told = [json.loads(line) for line in (folder / "told.jsonl").read_text().splitlines()]
        self.assertEqual([(n["event"], n["incident"]["root_cause"]["component"]) for n in told], [("opened", "etcd")])
        self.assertTrue(told[0]["incident"]["evidence"][0]["file"].endswith(".log"))
        self.assertIn("etcd", pager.get("/"))
        pager.post("/_control", {"rules": [{"path": "/v2", "status": 403, "times": 9}]})
        self.assertIn("sent to pagerduty: 0, not sent: 1", run("replay", logs, "-c", config, "--quiet", "--send", check=1).err)
        run("replay", logs, "--send", check=2)
        config.write_text("sources: [ { stdin: {} } ]\nsinks: [ { slak: {} } ]\n")
        self.assertIn("culprit.yaml:2", run("replay", logs, "-c", config, "--send", check=78).err)


class Logs:
    """Three services; from 300 s to 420 s of event time etcd is away and two of them say so."""
    start = 1795243800

    def __init__(self, folder):
        folder.mkdir()
        self.files = {s: folder / f"{s}.log" for s in ("api", "core", "web", "etcd")}
        self.at = 0

    def write_until(self, second):
        """A second of all files after the other: none is far ahead of the others, whoever reads them meanwhile."""
        with contextlib.ExitStack() as stack:
            outs = {s: stack.enter_context(open(file, "a", buffering=1)) for s, file in self.files.items()}
            for t in range(self.at, second):
                away = 300 <= t < 420
                stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self.start + t))
                for service, out in outs.items():
                    if service == "etcd" and away:
                        continue
                    line = {"time": f"{stamp}.{t * 37 % 1000:03d}Z", "level": "info", "service": service, "msg": f"served {t}"}
                    if away and service != "web" and t % 2 == 0:
                        line |= {"level": "error", "msg": f'attempt {t}: "dial tcp 10.0.0.5:2379: connect: connection refused"'}
                    out.write(json.dumps(line) + "\n")
        self.at = second


class Live(unittest.TestCase):
    def setUp(self):
        self.folder = scratch()
        self.addCleanup(shutil.rmtree, self.folder)
        self.logs = Logs(self.folder / "logs")
        # The quiet minutes are there when it starts: of files that appear one after the other with minutes of history, the
        # first would move the time on, and the others would come late.
        self.logs.write_until(299)
        self.process = None
        self.slack = FakeReceiver("slack.py", "--rate", "0")
        self.pager = FakeReceiver("pagerduty.py", "--limit", "10000")
        self.gone = FakeReceiver("any_receiver.py", "--ok-status", "410")
        for fake in (self.slack, self.pager, self.gone):
            self.addCleanup(fake.stop)
        self.addCleanup(self.end)
        self.port, dead_port = free_ports(2)
        self.url = f"http://127.0.0.1:{self.port}"
        self.write_config(f"""
sinks:
  - slack: {{ bot_token: xoxb-fake-token-0123456789, channel: C024BE91L, api_url: '{self.slack.url}/api' }}
  - pagerduty: {{ routing_key: 0123456789abcdef0123456789abcdef, url: '{self.pager.url}/v2/enqueue' }}
  - webhook: {{ name: dead, url: 'http://127.0.0.1:{dead_port}/' }}
  - webhook: {{ name: gone, url: '{self.gone.url}/' }}
  - file: {{ path: '{self.folder}/told.jsonl' }}
""", "routes: [ { sinks: [slack, pagerduty, dead, gone, file], group_wait: 2s, group_interval: 5s } ]\n")

    def write_config(self, sinks=None, routes=""):
        self.sinks = sinks or self.sinks
        (self.folder / "culprit.yaml").write_text(
            f"state: {self.folder}/state\nstdout: none\nserve: {{ listen: '127.0.0.1:{self.port}' }}\ntime: {{ idle_after: 1s }}\n"
            f"sources: [ {{ tail: {{ include: ['{self.folder}/logs/*.log'], rescan_interval: 1s }} }} ]\n" + self.sinks + routes)

    def begin(self):
        with open(self.folder / "err.txt", "ab") as err:
            self.process = subprocess.Popen([str(BINARY), "run", "-c", "culprit.yaml"], cwd=self.folder, stderr=err)

    def end(self, how=signal.SIGKILL):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait()

    def until(self, what, holds):
        end = time.monotonic() + 120
        while time.monotonic() < end:
            self.assertIsNone(self.process.poll(), (self.folder / "err.txt").read_text()[-2000:])
            try:
                if found := holds():
                    return found
            except (OSError, sqlite3.Error):
                pass
            time.sleep(0.05)
        log = (self.folder / "err.txt").read_text()
        self.fail(f"not within two minutes: {what}\n{log[-2000:]}")

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=120) as answer:
            return answer.read().decode()

    def rows(self, sql):
        db = sqlite3.connect(f"file:{self.folder}/state/state.db?mode=ro", uri=True)
        try:
            return list(db.execute(sql))
        finally:
            db.close()

    def tops(self):
        """Slack's messages outside of threads."""
        return [m for m in json.loads(self.slack.get("/_state"))["messages"] if "thread_ts" not in m]

    def actions(self):
        """What PagerDuty was told, in order, and how many incidents rang."""
        bodies = [json.loads(r["body"]) for r in json.loads(self.pager.get("/_control/requests"))]
        return [b["event_action"] for b in bodies], len({b["dedup_key"] for b in bodies})

    def events(self):
        """What the file was told."""
        return [n["event"] for n in self.lines()]

    def lines(self):
        return [json.loads(line) for line in (self.folder / "told.jsonl").read_text().splitlines()]

    def is_over(self):
        return ("resolve" in self.actions()[0] and "resolved" in self.events()
                and "esolved" in json.dumps(self.tops(), ensure_ascii=False))

    def test_an_incident_is_told_once_over_its_life(self):
        self.begin()
        self.logs.write_until(360)
        self.until("opened at all", lambda: self.tops() and self.actions()[0] and self.events())
        # The refused one is no reason to be not ready, but people see it.
        self.until("gone is shown", lambda: "gone" in self.get("/-/ready"))
        ready = json.loads(self.get("/-/ready"))
        self.assertTrue(ready["ready"])
        self.assertIn("gone", [w.get("name") for w in ready["warnings"]])
        for sample in ('delivered_total{destination="slack"} ', 'state{destination="gone",state="rejected"} 1',
                       'failures_total{destination="dead",reason="refused"}'):
            self.until(sample, lambda: "culprit_destination_" + sample in self.get("/metrics"))
        self.until("top shows it", lambda: re.search(r"(?m)^gone +rejected +0 +0 +[1-9]",
                                                     run("top", "--once", "--url", self.url, check=0).out))
        incident = json.loads(self.get("/api/v1/incidents"))["incidents"][0]["id"]
        run("incidents", "ack", incident, "--author", "ann", "--url", self.url, check=0)
        self.until("acknowledged", lambda: "acknowledge" in self.actions()[0])
        self.end()  # SIGKILL
        self.begin()
        self.logs.write_until(3000)
        self.until("over at all", self.is_over)
        self.end(signal.SIGTERM)
        told = self.events()
        self.assertEqual([told.count(e) for e in ("opened", "acknowledged", "resolved")], [1, 1, 1], told)
        self.assertEqual((told[0], told[-1]), ("opened", "resolved"))
        self.assertEqual(len({n["id"] for n in self.lines()}), len(told), "each is written once")
        # One message of Slack's, edited; one incident of PagerDuty's, which rings once and ends.
        self.assertEqual(len(self.tops()), 1)
        actions, incidents = self.actions()
        self.assertEqual((incidents, actions[0], actions[-1]), (1, "trigger", "resolve"))
        # Killed before it was written down, it is said again and changes nothing there.
        once = [action for action, _ in itertools.groupby(actions)]
        self.assertEqual((once.count("acknowledge"), once.count("resolve")), (1, 1))
        # The dead one still waits, in the state.
        self.assertIn(("dead", "opened"), self.rows("SELECT destination, event FROM deliveries WHERE state = 0"))
        rows = self.rows(f"SELECT number, event, author FROM journal WHERE incident = '{incident}' ORDER BY number")
        self.assertEqual([r[0] for r in rows], list(range(1, len(rows) + 1)))
        self.assertIn(("acknowledged", "ann"), [r[1:] for r in rows])

    def test_killed_at_any_moment_nothing_is_lost_or_doubled(self):
        self.begin()
        for second in (310, 330, 350, 380, 420, 1200, 3000):
            self.logs.write_until(second)
            time.sleep(0.7)  # somewhere in the middle of reading, reasoning, sending
            self.end()
            self.begin()
        self.until("over at all", self.is_over)
        self.end(signal.SIGTERM)
        told = self.events()
        self.assertEqual((told.count("opened"), told.count("resolved")), (1, 1), told)
        self.assertEqual(len(self.tops()), 1)
        ids = [n["id"] for n in self.lines()]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertEqual(self.actions()[1], 1)
        self.assertIn("resolved", self.pager.get("/"))

    def test_drills_and_other_routes_while_it_runs(self):
        self.begin()
        self.until("it answers", lambda: self.get("/-/healthy"))
        receipts = json.loads(run("drill", "slack", "pagerduty", "gone", "--format", "json", "--url", self.url, check=1).out)["receipts"]
        self.assertEqual([(r["destination"], r["outcome"]) for r in receipts],
                         [("slack", "delivered"), ("pagerduty", "delivered"), ("gone", "rejected")])
        self.assertIn("[DRILL]", json.dumps(self.tops()))
        self.assertIn("no sink", run("drill", "nobody", "--url", self.url, check=1).err)
        self.write_config(routes="routes: [ { sinks: [file], group_wait: 0 } ]\n")
        self.process.send_signal(signal.SIGHUP)
        self.until("reloaded", lambda: "configuration reloaded" in (self.folder / "err.txt").read_text())
        self.logs.write_until(420)
        self.until("opened", lambda: "opened" in self.events())
        self.assertEqual(len(self.tops()), 1, "the drill's alone")
        self.write_config(self.sinks + "  - stdout: {}\n", "routes: [ { sinks: [stdout] } ]\n")
        self.process.send_signal(signal.SIGHUP)
        self.until("refused", lambda: "sink stdout is new" in (self.folder / "err.txt").read_text())


if __name__ == "__main__":
    harness.main()
