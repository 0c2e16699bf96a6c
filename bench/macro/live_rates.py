#!/usr/bin/env python3
"""Rates of `culprit run`, side by side with what bounds them.

    bench/macro/live_rates.py build/release [kafka] [tail] [forward] [--mb 200]

kafka: messages of 137 and 260 bytes from a real broker, scanned, beside a bare librdkafka consumer that counts bytes.
tail: 2,000 files, beside `culprit replay` of them. forward: packed chunks over a socket with acknowledgements, beside
a receiver that only reads. Wall is from the start of the process until all bytes are committed; CPU is user + system of
the process. Prints one line per number.
"""
import argparse, json, os, pathlib, resource, shutil, signal, socket, struct, subprocess, sys, tempfile, threading, time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "tests/kafka"), str(ROOT / "tests/e2e")]
import broker
import senders


def line(n, width):
    head = f'{{"time":"2026-11-21T06:{n // 60000 % 60:02d}:{n // 1000 % 60:02d}.{n % 1000:03d}Z","level":"info","service":"api","msg":"served {n} '
    return head + "x" * (width - len(head) - 2) + '"}'


class Live:
    """A culprit run in a scratch folder. `rate` waits until it committed `bytes`; wall and CPU seconds."""

    def __init__(self, binary, source):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="culprit-rates-"))
        (self.folder / "c.yaml").write_text(f"state: {self.folder}/state\nserve: {{ listen: '' }}\nsources: [ {source} ]\n")
        self.begin = time.monotonic()
        self.process = subprocess.Popen([binary, "run", "-c", "c.yaml", "--format", "none"], cwd=self.folder,
                                        stderr=open(self.folder / "err.txt", "wb"))
        while "info running state=" not in (self.folder / "err.txt").read_text():
            time.sleep(0.01)

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def dump(self):
        for old in (self.folder / "state").glob("dump-*.json"):
            old.unlink()
        self.process.send_signal(signal.SIGUSR2)
        while True:
            for dump in (self.folder / "state").glob("dump-*.json"):
                try:
                    return json.loads(dump.read_text())["sources"][0]
                except ValueError:
                    pass
            time.sleep(0.005)

    def rate(self, lines):
        """Wall and CPU seconds from the first commit to the last, scaled to all lines: the start is left out."""
        end, first = time.monotonic() + 300, None
        while True:
            seen, now = self.dump()["lines"], (time.monotonic(), self.cpu())
            if seen and first is None:
                first = seen, now
            if seen >= lines:
                scale = lines / max(1, lines - first[0])
                return (now[0] - first[1][0]) * scale, (now[1] - first[1][1]) * scale
            if now[0] > end:
                raise SystemExit(f"live_rates: {seen} of {lines} lines after 300 s")
            time.sleep(0.02)

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder)


def child(command):
    """Wall and CPU seconds of a process."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.monotonic() - begin, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def tell(what, size, ours, theirs):
    print(f"{what}: culprit {size / ours[0] / 1e6:.0f} MB/s wall, {ours[1] / size * 1e9:.2f} CPU s/GB; "
          f"yardstick {size / theirs[0] / 1e6:.0f} MB/s, {theirs[1] / size * 1e9:.2f} CPU s/GB; "
          f"ratio wall {theirs[0] / ours[0]:.2f}, CPU {theirs[1] / ours[1]:.2f}", flush=True)


def kafka(build, size):
    tool = str(build / "bench/macro/bench_kafka")
    with tempfile.TemporaryDirectory() as folder, broker.Cluster(pathlib.Path(folder) / "k") as cluster:
        for width in (137, 260):
            topic, count = f"logs-{width}", size // width
            cluster.create_topic(topic, 4)
            subprocess.run([tool, "fill", cluster.bootstrap, topic, "4", str(count), str(width), "1000"], check=True)
            for turn in range(ROUNDS):
                bare = subprocess.run([tool, "count", cluster.bootstrap, topic, str(count)], check=True, text=True,
                                      stdout=subprocess.PIPE).stdout.split()
                live = Live(build / "culprit", f"{{ kafka: {{ brokers: '{cluster.bootstrap}', topics: [{topic}], group: g{width}-{turn} }} }}")
                try:
                    tell(f"kafka {width} bytes", count * width, live.rate(count), (float(bare[1]), float(bare[2])))
                finally:
                    live.close()


def tail(build, size):
    with tempfile.TemporaryDirectory() as folder:
        count = size // 2000 // 137
        text = "".join(line(n, 137) + "\n" for n in range(count))
        for i in range(2000):
            (pathlib.Path(folder) / f"f{i}.log").write_text(text)
        theirs = child([build / "culprit", "replay", folder, "--quiet"])
        live = Live(build / "culprit", f"{{ tail: {{ include: ['{folder}/*.log'] }} }}")
        try:
            tell("tail 2000 files", 2000 * len(text), live.rate(2000 * count), theirs)
        finally:
            live.close()


def forward(build, size):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    entries = b"".join(b"\x92\xd7\x00" + struct.pack(">II", 1795243800, n) + b"\x81" + senders.packed("log") +
                       senders.packed(line(n, 260)) for n in range(8000))

    def send(connection, chunks):
        for i in range(chunks):
            connection.sendall(b"\x93" + senders.packed("app") + b"\xc6" + struct.pack(">I", len(entries)) + entries +
                               b"\x81" + senders.packed("chunk") + senders.packed(f"c{i:08d}"))
    chunks = size // len(entries)
    # The sender's limit: to a receiver that throws away.
    sink = socket.create_server(("127.0.0.1", 0))
    def swallow():
        connection = sink.accept()[0]
        while connection.recv(1 << 20):
            pass
    threading.Thread(target=swallow, daemon=True).start()
    begin = time.monotonic()
    with socket.create_connection(sink.getsockname()) as connection:
        send(connection, chunks)
    limit = time.monotonic() - begin
    live = Live(build / "culprit", f"{{ forward: {{ listen: '127.0.0.1:{port}' }} }}")
    try:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            live.begin = time.monotonic()
            threading.Thread(target=send, args=(connection, chunks), daemon=True).start()
            acks, wanted = b"", chunks * len(b"\x81" + senders.packed("ack") + senders.packed("c00000000"))
            while len(acks) < wanted:
                acks += connection.recv(65536)
            wall, cpu = time.monotonic() - live.begin, live.cpu()
        sent = chunks * len(entries)
        print(f"forward: {sent / wall / 1e6:.0f} MB/s acknowledged, {cpu / sent * 1e9:.2f} CPU s/GB; sender alone "
              f"{sent / limit / 1e6:.0f} MB/s", flush=True)
    finally:
        live.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("what", nargs="*", default=["kafka", "tail", "forward"])
    parser.add_argument("--mb", type=int, default=200)
    args = parser.parse_args()
    for what in args.what:
        {"kafka": kafka, "tail": tail, "forward": forward}[what](args.build.resolve(), args.mb * 10**6)


if __name__ == "__main__":
    main()
