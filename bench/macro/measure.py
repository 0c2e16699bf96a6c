"""One measurement each: culprit as a whole, one pass of bench_scan, or a peer."""
import json
import os
import subprocess
from dataclasses import dataclass

import peers


def stem(path):
    return os.path.splitext(os.path.basename(path))[0]


@dataclass
class Sample:
    cpu: float        # user + system seconds
    bytes: int
    wall: float = 0
    peak: int = 0     # bytes of memory
    pairs: int = -1   # -1: not counted
    lines: int = -1   # that any signature matched
    digest: str = ""  # of the pairs
    question: tuple = ()  # signatures and bytes: those who share it must agree

    @property
    def per_gb(self):
        return self.cpu / (self.bytes / 1e9)


class Replay:
    """culprit replay, read to report. CPU time is the process's, less that of a replay of one line."""

    def __init__(self, name, binary, inputs, pack=None, workers=1, one_line=None):
        self.name = name
        knowledge = ["--no-default-packs", "--pack", pack] if pack else []
        self.tail = [*knowledge, "--workers", str(workers), "--quiet", "--format", "json"]
        self.binary, self.inputs, self.start_cpu = binary, inputs, 0.0
        self.signatures = pack or "all"
        if one_line:
            runs = [self._run(one_line)[0] for _ in range(3)]
            self.start_cpu = sorted(runs)[1]

    def _run(self, path):
        cpu, wall, peak, out = peers.execute([self.binary, "replay", path, *self.tail],
                                             stdout=subprocess.PIPE)
        return cpu, wall, peak, json.loads(out)["stats"]

    def sample(self):
        cpu, wall, peak, stats = self._run(self.inputs)
        reasons = stats["reasons"]
        pairs = stats["signals"] + sum(reasons[r] for r in (
            "where_failed", "weak_suppressed", "duplicate_in_record", "outside_range"))
        return Sample(max(cpu - self.start_cpu, 1e-6), stats["bytes"], wall, peak, pairs,
                      question=(stem(self.signatures), stats["bytes"]))


class Pass:
    """One pass of bench_scan over text in memory."""

    def __init__(self, name, tool, way, signatures, path, limit=None):
        self.name, self.way, self.signatures = name, way, signatures
        self.command = [tool, way, signatures, path] + ([str(limit)] if limit else [])

    def sample(self):
        run = subprocess.run(self.command, capture_output=True, text=True)
        if run.returncode != 0:
            raise peers.Failed(run.stderr.strip())
        r = json.loads(run.stdout)
        if self.way in ("vectorscan", "count-lines"):
            return Sample(r["cpu_seconds"], r["bytes"])
        return Sample(r["cpu_seconds"], r["bytes"], pairs=r["pairs"], lines=r["matched_lines"],
                      digest=r["digest"], question=(stem(self.signatures), r["bytes"]))


class ToBursts:
    """culprit from reading to bursts, in a process that does not count its start (bench_bursts)."""

    def __init__(self, name, tool, pack, inputs, workers=1):
        self.name, self.signatures = name, pack or "all"
        self.command = [tool, self.signatures, str(workers), inputs]

    def sample(self):
        cpu, wall, peak, out = peers.execute(self.command, stdout=subprocess.PIPE)
        r = json.loads(out)
        return Sample(r["cpu_seconds"], r["bytes"], r["wall_seconds"], peak, r["pairs"],
                      question=(stem(self.signatures), r["bytes"]))


class PeerRun:
    """A peer on (the first part of) a text, less its own start."""

    def __init__(self, peer, signatures, path, one_line):
        self.name, self.peer, self.signatures, self.path = peer.name, peer, signatures, path
        self.start_cpu = sorted(peer.run(one_line)[0] for _ in range(3))[1]

    def sample(self):
        cpu, wall, peak, count = self.peer.run(self.path)
        size = os.path.getsize(self.path)
        sample = Sample(max(cpu - self.start_cpu, 1e-6), size, wall, peak,
                        question=(stem(self.signatures), size))
        if self.peer.unit == "lines":
            sample.lines = count
        else:
            sample.pairs = count
        return sample
