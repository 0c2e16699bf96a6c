"""What people do to incidents: the commands against a server with fixed values, sinks without any server."""
import fcntl, json, os, re, shutil, signal, subprocess, time, unittest, urllib.parse, urllib.request

import harness
from harness import FakeReceiver, main, run, scratch, write_outage


class Browser:
    """Headless Chromium over its debugging pipe."""

    def __init__(self, width=390, height=844):
        self.folder = scratch()
        to_read, self.to_write = os.pipe()
        self.to_hear, to_say = os.pipe()

        def ends():
            os.dup2(to_read, 3, inheritable=True)
            os.dup2(to_say, 4, inheritable=True)
        # dup2 onto 3 and 4 must not close an end that it still needs.
        to_read, to_say = fcntl.fcntl(to_read, fcntl.F_DUPFD, 30), fcntl.fcntl(to_say, fcntl.F_DUPFD, 30)
        self.process = subprocess.Popen(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe", "--no-first-run",
             f"--window-size={width},{height}", f"--user-data-dir={self.folder}"], preexec_fn=ends, close_fds=False,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_say)
        self.rest, self.count, self.session = b"", 0, None
        target = self.call("Target.createTarget", url="about:blank")["result"]["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["result"]["sessionId"]

    def call(self, method, **params):
        self.count += 1
        message = {"id": self.count, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to_write, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self.rest:
                piece = os.read(self.to_hear, 65536)
                if not piece:
                    raise AssertionError("the browser ended")
                self.rest += piece
            text, _, self.rest = self.rest.partition(b"\0")
            answer = json.loads(text)
            if answer.get("id") == self.count:
                return answer

    def run(self, script):
        """The value of `script`; None when the page is left while it runs (the browser answers with an error then)."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        return answer["result"]["result"].get("value") if "result" in answer else None

    def until(self, script):
        deadline = time.monotonic() + 60
        while not (found := self.run(script)):
            if time.monotonic() > deadline:
                raise AssertionError(f"never: {script}\n{self.run('document.body.innerText')}")
            time.sleep(0.05)
        return found

    def stop(self):
        self.process.kill()
        self.process.wait()
        os.close(self.to_write)
        os.close(self.to_hear)
        shutil.rmtree(self.folder, ignore_errors=True)


class Commands(unittest.TestCase):
    def setUp(self):
        self.server = subprocess.Popen([os.environ["CULPRIT_SERVE_FAKE"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self.server.stdout.readline().strip()
        incidents = json.loads(self.ask("incidents", "list", "--format", "json"))["incidents"]
        self.id, self.other = [i["id"] for i in incidents]

    def tearDown(self):
        self.server.communicate()

    def ask(self, *args, check=0, env=None):
        done = run(*args, "--url", self.url, check=check, env=env)
        return done.err if check else done.out

    def journal(self):
        return json.loads(self.ask("incidents", "journal", self.id, "--format", "json"))["journal"]

    def test_incidents_are_acted_on_by_a_part_of_their_id(self):
        self.assertEqual(self.ask("incidents", "ack", "0badc", "--author", "ana"), f"{self.id} acknowledged by ana\n")
        env = {**os.environ, "USER": "ben"}
        self.ask("incidents", "note", self.id[4:20], "failing over", env=env)
        self.ask("incidents", "assign", self.id, "cy", env={**env, "CULPRIT_AUTHOR": "dora"})
        self.ask("incidents", "merge", self.id, "--into", "00c0", "--author", "ana")
        done = json.loads(self.ask("incidents", "resolve", self.id, "all good", "--author", "ana", "--format", "json"))
        self.assertEqual((done["done"], done["incident"], done["author"]), ("resolved", self.id, "ana"))
        told = [(row["event"], row["author"], row["text"]) for row in self.journal()[1:]]
        self.assertEqual(told, [("acknowledged", "ana", ""), ("note", "ben", "failing over"), ("note", "dora", "owner: cy"),
                                ("merged", "ana", ""), ("resolved", "ana", "all good")])
        text = self.ask("incidents", "journal", self.id)
        self.assertIn("ben: failing over", text)
        self.assertEqual(len(text.splitlines()), 6)

    def test_a_part_that_names_none_or_several_is_refused(self):
        self.assertIn("no incident 'zzz'", self.ask("incidents", "ack", "zzz", check=1))
        several = self.ask("incidents", "ack", "INC-2026", check=2)
        self.assertIn(self.id, several)
        self.assertIn(self.other, several)
        self.assertIn("etcd is down", self.ask("incidents", "show", "0badc"))
        run("incidents", "note", self.id, check=2)
        run("incidents", "merge", self.id, check=2)

    def test_silences(self):
        self.assertIn("No silences", self.ask("silence", "list"))
        self.assertIn(self.id, self.ask("silence", "preview", "component=etcd", 'severity=~"warn.*|crit.*"'))
        added = self.ask("silence", "add", "component=etcd", "--for", "2h", "--comment", "upgrade", "--author", "ana")
        name = added.split()[0]
        self.assertIn(self.id, added, "says what it mutes now")
        listed = self.ask("silence", "list")
        for part in (name, "active", "ana", 'component="etcd"', "# upgrade"):
            self.assertIn(part, listed)
        self.assertEqual(json.loads(self.ask("silence", "list", "--format", "json"))["silences"][0]["id"], name)
        self.ask("silence", "add", "team=db", "--start", "2030-01-01T00:00:00Z", "--end", "2030-01-01T02:00:00Z")
        self.assertIn("pending", self.ask("silence", "list"))
        self.assertIn("expired", self.ask("silence", "expire", name))
        self.assertIn("no silence", self.ask("silence", "expire", name, check=1))
        for wrong, said in (((["etcd"]), "label=value"), ((["a=b", "--for", "2"]), "unit"), ((["a=b"]), "'for' (2h)"),
                            ((["a=b", "--end", "tomorrow"]), "moment"), ((["a=~(", "--for", "2h"]), "label=~regex")):
            self.assertIn(said, self.ask("silence", "add", *wrong, check=2))

    @unittest.skipUnless(shutil.which("chromium"), "no chromium")
    def test_the_page_acts(self):
        browser = Browser()
        try:
            said = lambda text: browser.until(f"document.body && document.body.innerText.includes({json.dumps(text)})")
            press = lambda text: browser.until(
                f"(() => {{ const b = Array.from(document.querySelectorAll('button')).find((b) => b.textContent === {json.dumps(text)});"
                "if (!b || b.disabled) return false; b.click(); return true; })()")
            browser.call("Page.navigate", url=f"{self.url}/incidents/{self.id}")
            said("Nobody has it")
            self.assertLessEqual(browser.run("document.documentElement.scrollWidth"), browser.run("innerWidth"), "nothing sticks out")
            browser.run("document.querySelector('.who input').value = 'ana'")
            press("Acknowledge")
            said("ana has it")
            self.assertEqual(browser.run("document.querySelector('.who input').value"), "ana", "the name is kept")
            press("Note")
            browser.run("document.querySelector('textarea').value = 'failing <b>over</b>'")
            press("Send the note")
            said("note by ana: failing <b>over</b>")
            press("Silence 1h")
            press("Resolve")
            self.assertNotIn("resolved", [row["event"] for row in self.journal()], "a thumb slips")
            # The second press counts for five seconds only; a slow machine may need both again.
            browser.until(
                "(() => { for (const b of document.querySelectorAll('button'))"
                " if (!b.disabled && ['Resolve', 'Press again to resolve'].includes(b.textContent)) { b.click(); break; }"
                "return document.body && document.body.innerText.includes('resolved by ana'); })()")
            self.assertIn('incident="' + self.id, self.ask("silence", "list"))
        finally:
            browser.stop()

    def test_drills_and_destinations(self):
        self.assertRegex(self.ask("drill"), r"slack +delivered +posted")
        self.assertTrue(json.loads(self.ask("drill", "slack", "--format", "json"))["delivered"])
        status = self.ask("sink", "status")
        self.assertRegex(status, r"pager +pagerduty +rejected +0 +0 +1 +events.pagerduty.com answers 403")
        self.assertEqual(len(json.loads(self.ask("sink", "status", "--format", "json"))["destinations"]), 2)


class Sinks(unittest.TestCase):
    def setUp(self):
        self.folder = scratch()
        self.config = self.folder / "culprit.yaml"

    def tearDown(self):
        shutil.rmtree(self.folder)

    def write(self, sinks, more=""):
        self.config.write_text(f"sources: [ {{ tail: {{ include: '{self.folder}/*.log' }} }} ]\n"
                               f"state: {{ directory: '{self.folder}/state' }}\n{more}\nsinks:\n{sinks}")

    def sink(self, *args, check=0):
        done = run("sink", *args, "-c", self.config, check=check)
        return done.err + done.out if check else done.out

    def test_a_test_message_opens_and_ends_at_each_receiver(self):
        slack, pager = FakeReceiver("slack.py", "--rate", "0"), FakeReceiver("pagerduty.py")
        try:
            self.write(f"  - slack: {{ bot_token: xoxb-fake-token-0123456789, channel: C024BE91L, api_url: '{slack.url}/api' }}\n"
                       f"  - pagerduty: {{ routing_key: 0123456789abcdef0123456789abcdef, url: '{pager.url}/v2/enqueue' }}\n")
            out = self.sink("test", "slack", "pagerduty")
            self.assertEqual([line.split()[:3] for line in out.splitlines()],
                             [["slack", "opened", "delivered"], ["slack", "resolved", "delivered"],
                              ["pagerduty", "opened", "delivered"], ["pagerduty", "resolved", "delivered"]])
            state = json.loads(slack.get("/_state"))
            self.assertIn("[DRILL]", json.dumps(state["messages"]))
            self.assertEqual(state["pings"], [], "a test calls nobody")
            self.assertIn("resolved", pager.get("/"), "what rings ends again")
            self.sink("test", "slack")
            self.assertEqual(len([m for m in json.loads(slack.get("/_state"))["messages"] if "thread_ts" not in m]), 2,
                             "each test is an incident of its own")
            pager.post("/_control", {"rules": [{"path": "/v2", "status": 403, "times": 1}]})
            failed = run("sink", "test", "pagerduty", "--format", "json", "-c", self.config, check=1)
            receipt = json.loads(failed.out)["receipts"][0]
            self.assertEqual((receipt["outcome"], receipt["reason"]), ("rejected", "auth"))
            self.assertNotIn("0123456789abcdef", failed.out + failed.err)
        finally:
            slack.stop()
            pager.stop()

    def test_lists_and_names_what_there_is(self):
        self.write("  - stdout:\n  - file: { name: archive, path: /tmp/x.jsonl }\n")
        self.assertRegex(self.sink("list"), r"stdout +stdout +\S+culprit.yaml:5\narchive +file ")
        self.assertEqual([s["name"] for s in json.loads(self.sink("list", "--format", "json"))["sinks"]], ["stdout", "archive"])
        self.assertIn("there are: stdout, archive", self.sink("test", "slack", check=2))
        self.assertIn("there are: stdout, archive", self.sink("render", "slack", check=2))
        self.write("  - slak: {}\n")
        self.assertIn("culprit.yaml:5: sinks: unknown kind 'slak'", self.sink("test", "slack", check=78))

    def test_renders_with_the_users_template_and_team(self):
        self.write('  - stdout: { text: "{{event}}|{{component}}|{{team}}|{{owner}}|{{url}}|{{#proof}}{{place}} {{/proof}}" }\n',
                   "external_url: https://c.example\nteams: [ { name: db, components: [etcd] } ]")
        self.assertIn("opened|etcd|db||https://c.example/incidents/", self.sink("render", "stdout"))
        self.assertIn("etcd.log:2263 api.log:149285", self.sink("render", "stdout"))
        self.assertIn("acknowledged|etcd|db|ana|", self.sink("render", "stdout", "sample", "--event", "acknowledged"))
        for event in ("updated", "note", "resolved"):
            self.assertIn(event + "|etcd", self.sink("render", "stdout", "--event", event))
        self.sink("render", "stdout", "--event", "merged", check=2)
        self.sink("render", "stdout", "INC-1", check=1)


class Live(unittest.TestCase):
    """culprit run with Slack and PagerDuty, in which people press buttons."""

    def until(self, what, holds):
        deadline = time.monotonic() + 90
        while not (found := holds()):
            if time.monotonic() > deadline or self.process.poll() is not None:
                self.fail(f"{what}\n{(self.folder / 'err').read_text()[-3000:]}")
            time.sleep(0.1)
        return found

    def setUp(self):
        self.folder = scratch()
        self.slack = FakeReceiver("slack.py", "--rate", "0", "--signing-secret", "signs-clicks")
        self.pager = FakeReceiver("pagerduty.py", "--webhook-secret", "signs-events")
        config = self.folder / "culprit.yaml"
        config.write_text(
            f"sources: [ {{ tail: {{ include: ['{self.folder}/logs/*.log'], rescan_interval: 1s }} }} ]\n"
            f"state: {{ directory: '{self.folder}/state', sync: false }}\n"
            "time: { idle_after: 2s }\nserve: { listen: '127.0.0.1:0' }\nsinks:\n"
            f"  - slack: {{ bot_token: xoxb-fake-token-0123456789, channel: C024BE91L, api_url: '{self.slack.url}/api', signing_secret: signs-clicks }}\n"
            f"  - pagerduty: {{ routing_key: 0123456789abcdef0123456789abcdef, url: '{self.pager.url}/v2/enqueue', webhook_secret: signs-events }}\n"
            "routes: [ { sinks: [slack, pagerduty], group_wait: 1s, group_interval: 1s } ]\n")
        with open(self.folder / "err", "wb") as log:
            self.process = subprocess.Popen([str(harness.BINARY), "run", "-c", str(config), "--format", "none"], stdout=subprocess.DEVNULL, stderr=log)
        port = self.until("the server is up", lambda: re.search(r"serving .*port=(\d+)", (self.folder / "err").read_text())).group(1)
        self.url = f"http://127.0.0.1:{port}"
        self.slack.post("/_control", {"set": {"hook": self.url + "/hooks/slack"}})
        self.pager.post("/_control", {"set": {"hook": self.url + "/hooks/pagerduty", "repeat": 1}})

    def tearDown(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.slack.stop()
        self.pager.stop()
        shutil.rmtree(self.folder)

    def ask(self, *args, check=0):
        return run(*args, "--url", self.url, check=check).out

    def journal(self, event):
        rows = json.loads(self.ask("incidents", "journal", self.id, "--format", "json"))["journal"]
        return [(row["author"], row["text"]) for row in rows if row["event"] == event]

    def press(self, receiver, **form):
        data = urllib.parse.urlencode(form).encode()
        urllib.request.urlopen(urllib.request.Request(receiver.url + "/_press", data), timeout=20).read()

    def alert(self):
        return json.loads(self.pager.get("/_state"))["alerts"].get("culprit/" + self.id)

    def test_what_is_pressed_in_slack_and_pagerduty_acts_here_and_there(self):
        write_outage(self.folder / "logs")
        slack = lambda: json.loads(self.slack.get("/_state"))
        message = self.until("Slack has it", lambda: slack()["messages"])[0]
        button = next(b for b in message["blocks"] if b["type"] == "actions")["elements"][0]
        self.id = button["value"]
        self.until("PagerDuty has it", self.alert)

        self.press(self.slack, ts=message["ts"], action="culprit_ack", user="ana")
        self.until("PagerDuty hears of it", lambda: self.alert()["status"] == "acknowledged")
        self.until("Slack shows who has it", lambda: "*Has it* ana" in json.dumps(slack()["messages"][0]))
        self.assertEqual(self.journal("acknowledged"), [("ana", "")])
        with urllib.request.urlopen(f"{self.url}/incidents/{self.id}", timeout=20) as page:
            self.assertTrue("ana has it" in page.read().decode())

        self.press(self.slack, ts=message["ts"], action="culprit_evidence", user="ana")
        self.until("evidence", lambda: "2379: connect: connection refused" in json.dumps(slack()["whispers"]))

        self.press(self.pager, dedup="culprit/" + self.id, action="note", user="Ben Li", text="failing over")
        self.until("the note is here", lambda: self.journal("note"))
        self.press(self.pager, dedup="culprit/" + self.id, action="acknowledge", user="Ben Li")
        self.until("Ben took over", lambda: ("Ben Li", "") in self.journal("acknowledged"))

        self.assertRegex(self.ask("drill"), r"(?s)slack +delivered.*pagerduty +delivered")
        self.assertRegex(self.ask("sink", "status"), r"slack +slack +ok")

        self.press(self.pager, dedup="culprit/" + self.id, action="resolve", user="Ben Li")
        self.until("Slack hears of the end", lambda: "resolved" in json.dumps(slack()["messages"][0]))

        def quiet():
            webhooks = [w for w in json.loads(self.pager.get("/_state"))["webhooks"] if w["dedup"].endswith(self.id)]
            return webhooks if all(w["statuses"].count(200) == 2 for w in webhooks) else None
        webhooks = self.until("every webhook came twice", quiet)
        self.assertIn(("incident.acknowledged", "inbound_integration_reference"), [(w["type"], w["by"]) for w in webhooks], "an echo was sent")
        # Echoes and repeats did nothing.
        self.assertEqual(self.journal("acknowledged"), [("ana", ""), ("Ben Li", "")])
        self.assertEqual(self.journal("note"), [("Ben Li", "failing over")])
        self.assertEqual(self.journal("resolved"), [("Ben Li", "")])
        self.assertEqual(self.alert()["pages"], 1, "nobody was woken twice")
        self.assertTrue(all(p["in_time"] for p in slack()["presses"]))
        over = run("incidents", "ack", self.id, "--url", self.url, check=1)
        self.assertIn("resolved already", over.err)


if __name__ == "__main__":
    main()
