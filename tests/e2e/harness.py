"""What the e2e tests share: running the program, a scratch folder, a small incident, receivers."""
import json, os, pathlib, subprocess, sys, tempfile, unittest, urllib.request

BINARY = pathlib.Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None
SOURCE = pathlib.Path(sys.argv[2]).resolve() if len(sys.argv) > 2 else None
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "fakes"))
from ports import free_ports


def run(*args, stdin=b"", env=None, check=None):
    """Runs culprit; returns the finished process with text in .out and .err."""
    done = subprocess.run([str(BINARY), *map(str, args)], input=stdin, capture_output=True, env=env)
    done.out = done.stdout.decode("utf-8", "replace")
    done.err = done.stderr.decode("utf-8", "replace")
    if check is not None and done.returncode != check:
        raise AssertionError(f"culprit {args}: exit {done.returncode}, expected {check}\n{done.err}\n{done.out[:2000]}")
    return done


def replay_json(*args, stdin=b"", check=0):
    return json.loads(run("replay", *args, "--format", "json", "--quiet", stdin=stdin, check=check).out)


def scratch():
    return pathlib.Path(tempfile.mkdtemp(prefix="culprit-e2e-"))


class FakeReceiver:
    """One of tests/fakes/, beside a test."""

    def __init__(self, script, *arguments):
        self.process = subprocess.Popen(["python3", str(SOURCE / "tests/fakes" / script), *arguments], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().strip()}"

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=120) as answer:
            return answer.read().decode()

    def post(self, path, body):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.read().decode()

    def stop(self):
        self.process.communicate()


def outage(services=("api", "core", "web")):
    """service -> log text: etcd goes away in minute six, api and core say so; JSON and plain lines."""
    logs = {s: [] for s in services} | {"etcd": []}
    for t in range(600):
        stamp = f"2026-11-21T06:{t // 60:02d}:{t % 60:02d}.{t * 37 % 1000:03d}Z"
        for s in services:
            logs[s].append(json.dumps({"time": stamp, "level": "info", "service": s, "msg": f"served request {t}"}))
        if t < 360:
            logs["etcd"].append(json.dumps({"level": "info", "ts": stamp, "service": "etcd", "caller": "mvcc/index.go:1", "msg": "compact tree index"}))
        elif t % 2 == 0:
            for s in services[:2]:
                logs[s].append(json.dumps({"time": stamp, "level": "error", "service": s,
                                           "msg": f'attempt {t}: "dial tcp 10.0.0.5:2379: connect: connection refused"'}))
    return {s: "\n".join(lines) + "\n" for s, lines in logs.items()}


def write_outage(folder):
    """All at once: of files that appear one after the other under a running culprit, the first would move its time on, and
    the lines of the others would come late. `folder` is new or empty."""
    beside = folder.with_name(folder.name + ".new")
    beside.mkdir(parents=True)
    for service, text in outage().items():
        (beside / f"{service}.log").write_text(text)
    beside.rename(folder)
    return folder


def main():
    sys.argv = sys.argv[:1]
    unittest.main(verbosity=1)
