"""A day of signals leaves memory and disk where they were: everything that grows is bounded.

`culprit run` gets 24 hours of event time of 50 failing services through a pipe, as fast as it takes them, and is measured
all the while: memory and the state must stay within what is configured, however many signals come. CULPRIT_SIGNALS (default
150,000; `./dev soak`: a million) is how many lines match.
"""
import os, pathlib, re, subprocess, sys, time, unittest

import harness
from harness import BINARY, run, scratch

SIGNALS = int(os.environ.get("CULPRIT_SIGNALS", "150000"))
MIB = 1 << 20
LOG, QUEUE = 8 * MIB, 8 * MIB
KINDS = ("dial tcp 10.0.0.{a}:2379: connect: connection refused", "context deadline exceeded after {n} ms",
         "write /var/lib/data/{n}.db: no space left on device", "lookup db-{a}.internal: no such host",
         "FATAL: sorry, too many clients already", "Out of memory: Killed process {n} (java)",
         "upstream timed out (110: Connection timed out) while reading")


def block(first, last):
    """Lines of a day that has SIGNALS of them, evenly."""
    out = []
    for n in range(first, last):
        ms = 1795243800000 + n * 86400 * 1000 // SIGNALS
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ms // 1000))
        out.append(f'{{"time":"{stamp}.{ms % 1000:03d}Z","level":"error","service":"svc{n * 7919 % 50}",'
                   f'"msg":"request {n}: {KINDS[n * 31 % 7].format(a=n % 5, n=n)}"}}\n')
    return "".join(out).encode()


class Bounds(unittest.TestCase):
    def test_a_day_of_signals_stays_within_memory_and_disk(self):
        folder = scratch()
        state = folder / "state"
        (folder / "culprit.yaml").write_text(
            f"state: {{ directory: {state}, log_bytes: {LOG}B, sync: false }}\nqueue_bytes: {QUEUE}B\nworkers: 1\n"
            "serve: { listen: '' }\nsources: [ stdin: { name: in } ]\n")
        with open(folder / "err.txt", "wb") as err:
            process = subprocess.Popen([str(BINARY), "run", "-c", "culprit.yaml", "--format", "none"], cwd=folder,
                                       stdin=subprocess.PIPE, stderr=err)
        disk, memory = [], []

        def measure():
            found = re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{process.pid}/status").read_text())
            if found and state.exists():
                memory.append(int(found.group(1)) >> 10)
                sizes = []
                for file in state.iterdir():
                    try:
                        sizes.append(file.stat().st_blocks * 512)
                    except FileNotFoundError:
                        pass
                disk.append(sum(sizes) / MIB)

        step = SIGNALS // 200
        for first in range(0, SIGNALS, step):
            process.stdin.write(block(first, min(SIGNALS, first + step)))
            measure()
        process.stdin.close()
        while process.poll() is None:
            measure()
            time.sleep(0.2)
        self.assertEqual(process.returncode, 0, (folder / "err.txt").read_text()[-2000:])
        quarters = [max(memory[len(memory) * i // 4:len(memory) * (i + 1) // 4]) for i in range(4)]
        print(f"bounds_test: {SIGNALS} signals; memory at most {quarters} MiB in each quarter; disk at most "
              f"{max(disk):.0f} MiB, at the end {disk[-1]:.0f}", file=sys.stderr)
        self.assertLess(max(quarters), QUEUE / MIB + 300)
        # The log, a few checkpoints, and as much again while SQLite moves pages.
        self.assertLess(max(disk), 4 * LOG / MIB + 64)
        dump = run("incidents", "list", "--state", state, check=0).out
        self.assertTrue(dump)


if __name__ == "__main__":
    harness.main()
