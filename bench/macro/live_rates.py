#!/usr/bin/env python3
"""Rates of `culprit run`, side by side with what bounds them: the table "Live" of bench/README.md.

    bench/macro/live_rates.py build/bench [kafka] [tail] [forward] [--mb 1000] [--rounds 3]

kafka: messages of 137 and 260 bytes (1 in 1000 a failure, lz4, 4 partitions) from a real broker on the same machine,
beside a bare librdkafka consumer that counts bytes. tail: 2,000 files, beside `culprit replay` of them. forward: packed
chunks over a socket with acknowledgements, beside a receiver that only reads. They alternate; medians. What each needs
to start is left out: wall and CPU (user + system of the process) are from the first commit to the last.
"""
import argparse, json, os, pathlib, resource, shutil, signal, socket, statistics, struct, subprocess, sys, tempfile, threading, time

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
            time.sleep(0.05)

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


class Rows:
    """Pairs of (wall, CPU) seconds for `size` bytes: culprit's and the yardstick's."""

    def __init__(self, what, size):
        self.what, self.size, self.ours, self.theirs = what, size, [], []

    def ratio(self, i=0):
        """The yardstick's wall (0) or CPU (1) seconds over ours; medians."""
        theirs, ours = (statistics.median(p[i] for p in pairs) for pairs in (self.theirs, self.ours))
        return theirs / ours

    def tell(self):
        def of(pairs, i):
            return statistics.median(p[i] for p in pairs)
        o, t, gb = self.ours, self.theirs, self.size / 1e9
        print(f"| {self.what} | {1000 * gb / of(o, 0):.0f} | {1000 * gb / of(t, 0):.0f} | {self.ratio(0):.2f} | "
              f"{of(o, 1) / gb:.2f} | {of(t, 1) / gb:.2f} | {self.ratio(1):.2f} |", flush=True)


def kafka(build, size, rounds, widths=(137, 260)):
    tool = str(build / "bench/macro/bench_kafka")
    with tempfile.TemporaryDirectory() as folder, broker.Cluster(pathlib.Path(folder) / "k") as cluster:
        for width in widths:
            topic, count = f"logs-{width}", size // width
            cluster.create_topic(topic, 4)
            subprocess.run([tool, "fill", cluster.bootstrap, topic, "4", str(count), str(width), "1000"], check=True,
                           stderr=subprocess.DEVNULL)
            rows = Rows(f"kafka, {width}-byte messages, beside a consumer that counts bytes", count * width)
            for turn in range(rounds):
                bare = subprocess.run([tool, "count", cluster.bootstrap, topic, str(count)], check=True, text=True,
                                      stdout=subprocess.PIPE).stdout.split()
                rows.theirs.append((float(bare[1]), float(bare[2])))
                live = Live(build / "culprit", f"{{ kafka: {{ brokers: '{cluster.bootstrap}', topics: [{topic}], group: g{turn} }} }}")
                try:
                    rows.ours.append(live.rate(count))
                finally:
                    live.close()
            yield rows


def tail(build, size, rounds):
    with tempfile.TemporaryDirectory() as folder:
        count = size // 2000 // 137
        text = "".join(line(n, 137) + "\n" for n in range(count))
        for i in range(2000):
            (pathlib.Path(folder) / f"f{i}.log").write_text(text)
        one = pathlib.Path(folder) / "one.txt"
        one.write_text(line(0, 137) + "\n")
        rows = Rows("tail, 2,000 files, beside replay of them", 2000 * len(text))
        for _ in range(rounds):
            all_of, start = (child([build / "culprit", "replay", what, "--quiet"]) for what in (folder, one))
            rows.theirs.append((all_of[0] - start[0], all_of[1] - start[1]))
            live = Live(build / "culprit", f"{{ tail: {{ include: ['{folder}/*.log'] }} }}")
            try:
                rows.ours.append(live.rate(2000 * count))
            finally:
                live.close()
        yield rows


def forward(build, size, rounds):
    entries = b"".join(b"\x92\xd7\x00" + struct.pack(">II", 1795243800, n) + b"\x81" + senders.packed("log") +
                       senders.packed(line(n, 260)) for n in range(8000))
    chunks = size // len(entries)

    def send(connection):
        for i in range(chunks):
            connection.sendall(b"\x93" + senders.packed("app") + b"\xc6" + struct.pack(">I", len(entries)) + entries +
                               b"\x81" + senders.packed("chunk") + senders.packed(f"c{i:08d}"))

    def sender_alone():
        """To a receiver that throws away."""
        sink = socket.create_server(("127.0.0.1", 0))

        def swallow():
            connection = sink.accept()[0]
            while connection.recv(1 << 20):
                pass
        threading.Thread(target=swallow, daemon=True).start()
        begin, cpu = time.monotonic(), time.process_time()
        with socket.create_connection(sink.getsockname()) as connection:
            send(connection)
        return time.monotonic() - begin, time.process_time() - cpu

    rows = Rows("forward, packed chunks, acknowledged, beside the sender alone", chunks * len(entries))
    for _ in range(rounds):
        rows.theirs.append(sender_alone())
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        live = Live(build / "culprit", f"{{ forward: {{ listen: '127.0.0.1:{port}' }} }}")
        try:
            with socket.create_connection(("127.0.0.1", port)) as connection:
                begin, cpu = time.monotonic(), live.cpu()
                threading.Thread(target=send, args=(connection,), daemon=True).start()
                acks, wanted = 0, chunks * len(b"\x81" + senders.packed("ack") + senders.packed("c00000000"))
                while acks < wanted:
                    acks += len(connection.recv(65536))
                rows.ours.append((time.monotonic() - begin, live.cpu() - cpu))
        finally:
            live.close()
    yield rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("what", nargs="*", default=["kafka", "tail", "forward"])
    parser.add_argument("--mb", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    print("| source | MB/s | yardstick | ratio | CPU s/GB | yardstick | ratio |\n|---|---|---|---|---|---|---|")
    for what in args.what:
        for rows in {"kafka": kafka, "tail": tail, "forward": forward}[what](args.build.resolve(), args.mb * 10**6, args.rounds):
            rows.tell()


if __name__ == "__main__":
    main()
