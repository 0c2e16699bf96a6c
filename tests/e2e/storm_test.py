"""A storm over the whole program: 200 components, five causes, 10,000 signals a second; few incidents, and each is told to
each receiver once when it opens, now and then while it changes, and once when it is over.

usage: storm_test.py CULPRIT SOURCE_DIR; CULPRIT_STORM_SECONDS: of event time that the storm lasts (default 20)
"""
import collections, datetime, json, os, subprocess, time, unittest

from harness import BINARY, FakeReceiver, main, scratch

SECONDS = int(os.environ.get("CULPRIT_STORM_SECONDS", "20"))
RATE, CAUSES, COMPONENTS = 10_000, 5, 200
CALM, QUIET = 60, 1200  # seconds before and after
UPDATE_EVERY = 300  # group_interval
START = datetime.datetime(2026, 11, 21, 3, 0, 0, tzinfo=datetime.timezone.utc)


def cause(k):
    return ("redis", 6379) if k % 2 == 0 else ("postgres", 5432)


def topology():
    """Five stores; behind each, services in three layers."""
    components, services = {}, []
    for k in range(CAUSES):
        kind, port = cause(k)
        components[f"store-{k}"] = {"kind": "store", "ports": [port]}
        own = [f"svc-{k}-{i}" for i in range(COMPONENTS // CAUSES - 1)]
        for i, name in enumerate(own):
            components[name] = {"depends_on": [f"store-{k}"] if i < 20 else [own[i - 20]]}
        services.append(own)
    return components, services


def line(stamp, level, service, said):
    return f'{{"time":"{stamp}","level":"{level}","service":"{service}","msg":"{said}"}}'


def lines(services):
    """Bytes, a second at a time."""
    everyone = [s for own in services for s in own]
    total = CALM + SECONDS + QUIET
    for t in range(total):
        stamp = (START + datetime.timedelta(seconds=t)).strftime("%Y-%m-%dT%H:%M:%S")
        out = []
        if not CALM <= t < CALM + SECONDS:
            for i in range(0, len(everyone), 10):
                name = everyone[(i + t) % len(everyone)]
                out.append(line(f"{stamp}.{i:03d}Z", "info", name, "request done in 3 ms"))
        else:
            for i in range(RATE):
                k = i % CAUSES
                name = services[k][(i // CAUSES + t) % len(services[k])]
                out.append(line(f"{stamp}.{i * 1000 // RATE:03d}Z", "error", name,
                                f"dial tcp store-{k}:{cause(k)[1]}: connect: connection refused"))
        yield ("\n".join(out) + "\n").encode()


def channel(slack):
    """The messages in it, threads aside."""
    return [m for m in json.loads(slack.get("/_state"))["messages"] if "thread_ts" not in m]


def resolved(slack):
    return [m for m in channel(slack) if "resolved after" in json.dumps(m["blocks"])]


def hooked(hook):
    """Notifications of each event that the webhook was sent."""
    return collections.Counter(json.loads(r["body"])["event"] for r in json.loads(hook.get("/_control/requests")))


class Storm(unittest.TestCase):
    def test_few_incidents_are_told_few_times(self):
        root = scratch()
        names, services = topology()
        (root / "topology.yaml").write_text("components:\n" + "".join(f"  {n}: {json.dumps(c)}\n" for n, c in names.items()))
        slack, pager, hook = FakeReceiver("slack.py"), FakeReceiver("pagerduty.py"), FakeReceiver("any_receiver.py", "--ok-body", "{}")
        (root / "culprit.yaml").write_text(f"""state: {root}/state
sources: [ {{ stdin: {{}} }} ]
topology: [topology.yaml]
serve: {{ listen: '' }}
sinks:
  - slack: {{ bot_token: xoxb-fake-token-0123456789, channel: C024BE91L, api_url: '{slack.url}/api' }}
  - pagerduty: {{ routing_key: 0123456789abcdef0123456789abcdef, url: '{pager.url}/v2/enqueue' }}
  - webhook: {{ url: '{hook.url}/hook' }}
""")
        with open(root / "err.txt", "w") as err, open(root / "out.txt", "w") as out:
            process = subprocess.Popen([str(BINARY), "run", "-c", "culprit.yaml", "--format", "jsonl"], cwd=root, stdin=subprocess.PIPE,
                                       stderr=err, stdout=out)
            for second in lines(services):
                process.stdin.write(second)
            process.stdin.flush()
            try:
                # Slack takes a message a second: what is not sent when the input ends waits for the next start.
                end = time.monotonic() + 600
                while time.monotonic() < end and not (len(resolved(slack)) >= CAUSES and
                                                      pager.get("/").count("class='i resolved'") >= CAUSES and
                                                      hooked(hook)["resolved"] >= CAUSES):
                    time.sleep(0.5)
                process.stdin.close()
                process.wait(timeout=300)
            finally:
                process.kill()
        self.assertEqual(process.returncode, 0, (root / "err.txt").read_text()[-2000:])

        told = collections.Counter()
        for request in json.loads(hook.get("/_control/requests")):
            body = json.loads(request["body"])
            told[body["incident"]["id"], body["event"]] += 1
        incidents = {incident for incident, _ in told}
        signals, notifications = RATE * SECONDS, sum(told.values())
        print(f"\n{signals} signals, {len(incidents)} incidents, {notifications} notifications for each receiver: "
              f"{signals // max(1, notifications)} to 1; {dict(collections.Counter(e for _, e in told.elements()))}")
        self.assertLessEqual(len(incidents), CAUSES)
        self.assertEqual(len(incidents), CAUSES, "a cause was not told")
        for incident in incidents:
            self.assertEqual(told[incident, "opened"], 1, incident)
            self.assertEqual(told[incident, "resolved"], 1, incident)
            self.assertLessEqual(told[incident, "updated"], 1 + (SECONDS + QUIET) // UPDATE_EVERY, incident)
        self.assertLessEqual({event for _, event in told}, {"opened", "updated", "resolved"})

        # What people see: one message and one alert for each, and both are over.
        self.assertEqual(len(channel(slack)), len(incidents))
        self.assertEqual(len(resolved(slack)), len(incidents))
        page = pager.get("/")
        self.assertEqual(page.count("class='i "), len(incidents))
        self.assertEqual(page.count("class='i resolved'"), len(incidents))
        for receiver in (slack, pager, hook):
            receiver.stop()


if __name__ == "__main__":
    main()
