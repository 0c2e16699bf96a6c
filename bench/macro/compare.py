#!/usr/bin/env python3
"""culprit against other ways and programs, side by side: prints the table of ratios.

usage: compare.py [--size 64M] [--rounds 3] [--only GROUP,...] [--build build/bench]
                  [--data DIR] [--no-record]

Per group of one text, every way runs once per round, in alternation. Compared are CPU seconds per
gigabyte of text: medians over the rounds. Programs are charged user + system time less their start
(a run on one line); passes over memory only the pass. Slow peers see only the start of a text.
Whoever judges lines must find the same; a disagreement fails the run.
"""
import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

import live_rates
import peers
from corpora import Corpora
from ere import Untranslatable
from measure import PeerRun, Pass, Replay, ToBursts

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LOOP_BYTES = {60: 24 << 20, 500: 4 << 20}  # of text for the loop over all regexes


class Bench:
    def __init__(self, args):
        self.args = args
        self.culprit = os.path.join(args.build, "culprit")
        self.tool = os.path.join(args.build, "bench/macro/bench_scan")
        self.corpora = Corpora(os.path.join(ROOT, "build/bench-data"), args.build, args.size)
        self.results = {}   # group -> way -> [Sample]
        self.problems = []  # disagreements
        self.notes = []
        self.kafka = None   # live_rates.Rows
        self.one_line = os.path.join(self.corpora.folder, "one-line.log")
        with open(self.one_line, "w", encoding="utf-8") as out:
            out.write("2026-03-01 00:00:00.000 INFO [orders] nothing of note\n")

    def replay(self, name, path, count, workers=1):
        pack = None if count == "all" else self.corpora.signatures(count)[1]
        return Replay(name, self.culprit, path, pack, workers, self.one_line)

    def whole(self, path, count, workers=1, name=""):
        """Both ends of a replay: the bursts, and the report."""
        pack = None if count == "all" else self.corpora.signatures(count)[1]
        return [ToBursts(f"culprit to bursts{name}", self.tool.replace("bench_scan", "bench_bursts"), pack, path, workers),
                self.replay(f"culprit replay{name}", path, count, workers)]

    def scan(self, way, path, count, limit=None):
        return Pass(way, self.tool, way, self.corpora.signatures(count)[0], path, limit)

    def peer_runs(self, path, count):
        signatures = self.corpora.signatures(count)[0]
        regexes = peers.read_signatures(signatures)
        runs = []
        for kind in peers.ALL:
            try:
                peer = kind(regexes, os.path.join(self.corpora.folder, "peers"),
                            os.path.join(ROOT, "build/peers"))
                runs.append(PeerRun(peer, signatures, self.corpora.prefix(path, kind.prefix_bytes),
                                    self.one_line))
            except (peers.Failed, Untranslatable) as error:
                self.notes.append(f"{kind.name} is left out: {error}")
        return runs

    def run(self, group, make_ways):
        if self.args.only and not any(group.startswith(o) for o in self.args.only.split(",")):
            return
        ways = make_ways()
        samples = self.results[group] = {}
        for _ in range(self.args.rounds):
            for way in list(ways):
                try:
                    samples.setdefault(way.name, []).append(way.sample())
                except peers.Failed as error:
                    self.notes.append(f"{group}: {way.name} is left out: {error}")
                    ways.remove(way)
                    samples.pop(way.name, None)
        self.check(group, samples)
        print(f"\n{group}", flush=True)
        for name, runs in samples.items():
            costs = [s.per_gb for s in runs]
            extra = f", {max(s.peak for s in runs) / 1e6:.0f} MB" if runs[0].peak else ""
            print(f"  {name:22} {statistics.median(costs):9.3f} CPU s/GB ({min(costs):.3f} to "
                  f"{max(costs):.3f}), {1e-6 * runs[0].bytes:.0f} MB of text{extra}", flush=True)

    def check(self, group, samples):
        """All that were asked the same agree on lines, pairs and digest, as far as they tell."""
        by_question = {}
        for name, runs in samples.items():
            for s in runs:
                by_question.setdefault(s.question, []).append((name, s))
        for seen in by_question.values():
            for field in ("pairs", "lines", "digest"):
                said = {(name, getattr(s, field)) for name, s in seen if getattr(s, field) not in (-1, "")}
                if len({value for _, value in said}) > 1:
                    self.problems.append(f"{group}: {field} differ: " +
                                         ", ".join(f"{n} {v}" for n, v in sorted(said, key=str)))

    def cost(self, group, way):
        runs = self.results.get(group, {}).get(way)
        return statistics.median(s.per_gb for s in runs) if runs else None

    def ratio(self, slower, faster):
        """How many times less `faster` costs; each is (group, way)."""
        a, b = self.cost(*slower), self.cost(*faster)
        return a / b if a and b else None

    def wall_ratio(self, group, slower, faster):
        runs = self.results.get(group, {})
        if slower not in runs or faster not in runs:
            return None
        return (statistics.median(s.wall for s in runs[slower]) /
                statistics.median(s.wall for s in runs[faster]))


def measure(b):
    c = b.corpora
    for hits in (0.01, 1, 10):
        def whole(hits=hits):
            path = c.generated(hits)
            ways = b.whole(path, 60)
            ways += [b.scan(w, path, 60) for w in ("culprit", "vectorscan", "re2-set")]
            if hits == 1:
                ways += [b.scan("count-lines", path, 60), *b.whole(path, 500, name=" 500")]
                # The loop sees a part, so another pass over the same part checks it.
                ways += [b.scan("re2-loop", path, 60, LOOP_BYTES[60])]
                part = b.scan("culprit", path, 60, LOOP_BYTES[60])
                part.name = "culprit on the loop's part"
                ways.append(part)
            return ways
        b.run(f"plain {hits} %", whole)

    def peer_group():
        path = c.generated(1)
        runs = b.peer_runs(path, 60)
        for limit in sorted({k.prefix_bytes for k in peers.ALL if k.prefix_bytes}):
            part = b.scan("culprit", c.prefix(path, limit), 60)
            part.name = f"culprit on {limit >> 20} MiB"
            runs.append(part)
        return [*b.whole(path, 60), b.scan("culprit", path, 60), *runs]
    b.run("peers", peer_group)

    def scans(count, path):
        ways = [b.scan(w, path, count) for w in ("culprit", "vectorscan", "vectorscan-re2")]
        part = b.scan("culprit", path, count, LOOP_BYTES[count])
        part.name = "culprit on the loop's part"
        return ways + [part, b.scan("re2-loop", path, count, LOOP_BYTES[count])]
    real = c.real(b.args.data)
    for count in (60, 500):
        b.run(f"scan {count} generated", lambda count=count: scans(count, c.generated(1)))
        if real:
            b.run(f"scan {count} real", lambda count=count: scans(count, real))
            b.run(f"replay {count} real", lambda count=count: [
                *b.whole(real, count), b.scan("vectorscan", real, count),
                b.scan("re2-set", real, count)])
    if not real:
        b.notes.append("no CULPRIT_DATA_DIR: nothing measured on traffic never used for tuning")

    for hits in (0.01, 1):
        def json_lines(hits=hits):
            path = c.generated(hits, fmt="json")
            return b.whole(path, 60) + [
                b.scan(w, path, 60) for w in ("culprit", "json-re2-set", "vectorscan-re2")]
        b.run(f"json {hits} %", json_lines)

    def workers():
        folder = c.split(c.generated(1), 4)
        return [w for n in (1, 2) for w in b.whole(folder, 60, n, f" {n}")]
    b.run("workers", workers)

    for kind, hits in (("near", 100), ("all", 100), ("java", 0)):
        for count in (60, 500):
            def adversarial(kind=kind, hits=hits, count=count):
                path = c.generated(hits, kind="ordinary" if kind == "all" else kind, signatures=count)
                return [b.scan(w, path, count) for w in ("culprit", "vectorscan-re2")]
            b.run(f"adversarial {kind} {count}", adversarial)

    def shipped():
        path = c.generated(1, signatures="all")
        return b.whole(path, "all") + [
            b.scan(w, path, "all") for w in ("culprit", "vectorscan", "vectorscan-re2")]
    b.run("all packs", shipped)
    if real:
        b.run("all packs real", lambda: b.whole(real, "all") + [
            b.scan(w, real, "all") for w in ("culprit", "vectorscan", "vectorscan-re2")])

    if not b.args.only or "kafka" in b.args.only.split(","):
        if os.path.isdir(os.path.join(ROOT, "build/kafka")):
            b.kafka = next(live_rates.kafka(pathlib.Path(b.args.build).resolve(), 4 * b.args.size, b.args.rounds, [137]))
        else:
            b.notes.append("no Kafka broker: ./dev setup kafka")


SCAN, BURSTS, REPORT = 0, 1, 2


class Row:
    """How many times less culprit costs than something else: scan alone, to bursts, to the report."""

    def __init__(self, key, what, ratios, judged=BURSTS, least=None, aim=None):
        self.key, self.what, self.ratios, self.judged, self.least, self.aim = key, what, ratios, judged, least, aim

    def verdict(self):
        ratio = self.ratios[self.judged]
        if ratio is None:
            return "not measured"
        if self.least is None:
            return ""
        return "aim" if ratio >= self.aim else "reached" if ratio >= self.least else "missed"

    def __str__(self):
        cells = []
        for i, ratio in enumerate(self.ratios):
            number = "" if ratio is None else f"{ratio:.2f}" if ratio < 20 else f"{ratio:.0f}"
            cells.append(f"**{number}**" if i == self.judged and number else number)
        return f"| {self.what} | {' | '.join(cells)} | {self.least or ''} | {self.aim or ''} | {self.verdict()} |"


def table(b):
    """Judged is what the target was measured with (bench/README.md)."""
    def against(group, other, mine=""):
        return [b.ratio((group, other), (group, way))
                for way in ("culprit", f"culprit to bursts{mine}", f"culprit replay{mine}")]
    rows = []
    for count, least, aim in ((60, 1.7, 2.5), (500, 2.2, 4), ("all", 2.2, 4)):
        for traffic in ("real", "generated"):
            scan = f"scan {count} {traffic}" if count != "all" else "all packs" if traffic == "generated" else "all packs real"
            whole = f"replay {count} real" if traffic == "real" and count != "all" else scan
            if count == "all" and traffic == "real":
                whole = scan
            name = f"{count} signatures" if count != "all" else "all packs"
            rows.append(Row(scan, f"raw Vectorscan, same literals, {name}, {traffic} traffic",
                            [b.ratio((scan, "vectorscan"), (scan, "culprit"))] + against(whole, "vectorscan")[1:],
                            SCAN, least, aim))
    for hits, least, aim in ((0.01, 1.2, 1.8), (1, 1.2, 1.8), (10, 0.7, 1.0)):
        rows.append(Row(f"replay-vs-vectorscan {hits}", f"raw Vectorscan, {hits} % hits",
                        against(f"plain {hits} %", "vectorscan"), BURSTS, least, aim))
    rows.append(Row("all-packs", "raw Vectorscan, all packs, 1 % hits", against("all packs", "vectorscan"), BURSTS, 1.2, 1.8))
    for hits in (0.01, 1):
        rows.append(Row(f"replay-vs-set {hits}", f"RE2::Set per line (64 MiB), {hits} % hits",
                        against(f"plain {hits} %", "re2-set"), BURSTS, 6, 10))
    for name, least, aim in (("rg", 3, 5), ("syslog-ng", 300, 400), ("rsyslog", 500, 800),
                             ("sec", 1500, 2000), ("mtail", None, None), ("grep -E", None, None)):
        rows.append(Row(f"replay-vs-{name}", f"{name}, 1 % hits", against("peers", name), BURSTS, least, aim))
    rows.append(Row("replay-vs-loop", "naive RE2 loop, 1 % hits", against("plain 1 %", "re2-loop"), BURSTS, 150, 250))
    rows.append(Row("500-vs-60", "500 signatures: rate beside that with 60, 1 % hits",
                    [b.ratio(("scan 60 generated", "culprit"), ("scan 500 generated", "culprit"))] +
                    [b.ratio(("plain 1 %", way), ("plain 1 %", way + " 500"))
                     for way in ("culprit to bursts", "culprit replay")], BURSTS, 0.6, 0.8))
    for hits in (0.01, 1):
        rows.append(Row(f"json {hits}", f"JSON lines, {hits} % hits: parse all + RE2::Set",
                        against(f"json {hits} %", "json-re2-set"), SCAN, 5, 7))
    rows.append(Row("workers", "two cores, wall time, 4 files",
                    [None, b.wall_ratio("workers", "culprit to bursts 1", "culprit to bursts 2"),
                     b.wall_ratio("workers", "culprit replay 1", "culprit replay 2")], BURSTS, 1.8, 1.95))
    for kind, what in (("near", "near misses"), ("all", "hits only"), ("java", "stack traces")):
        for count in (60, 500):
            g = f"adversarial {kind} {count}"
            rows.append(Row(g, f"Vectorscan then RE2, {what}, {count}", against(g, "vectorscan-re2"), SCAN, 1.0, 1.5))
    rows.append(Row("kafka", "Kafka, wall time: a consumer that counts bytes (137 B messages)",
                    [None, None, b.kafka.ratio() if b.kafka else None], REPORT, 0.85, 0.95))
    return rows


def show(b, rows):
    print("\n| against | scan | to bursts | to the report | at least | aim | |\n|---|---|---|---|---|---|---|")
    for row in rows:
        print(row)
    same = "identical" if not b.problems else "DIFFERENT: " + "; ".join(b.problems)
    print(f"| match set | {same} | | | as the naive loop | | |")
    for group in ("plain 1 %", "all packs"):
        runs = b.results.get(group, {}).get("culprit replay")
        if runs:
            print(f"\nwhole replay, {group}: {1 / b.cost(group, 'culprit replay'):.2f} GB/s of CPU time, "
                  f"{max(s.peak for s in runs) / 1e6:.0f} MB of memory")
    for note in b.notes:
        print("note:", note)


def git(*words):
    return subprocess.run(["git", "-C", ROOT, *words], capture_output=True, text=True).stdout.strip()


def machine():
    model = "unknown"
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {"cpu": model, "cores": os.cpu_count(), "system": platform.release()}


def record(b, rows):
    entry = {
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "commit": git("rev-parse", "--short", "HEAD"), "modified": bool(git("status", "--porcelain")),
        "machine": machine(), "bytes": b.args.size, "rounds": b.args.rounds,
        "cpu_seconds_per_gb": {g: {w: round(b.cost(g, w), 4) for w in ways}
                               for g, ways in b.results.items()},
        "peak_mb": {g: round(max(s.peak for s in ways["culprit replay"]) / 1e6)
                    for g, ways in b.results.items() if "culprit replay" in ways},
        "ratios": {r.key: round(r.ratios[r.judged], 3) for r in rows if r.ratios[r.judged] is not None},
        "to_report": {r.key: round(r.ratios[REPORT], 3) for r in rows if r.ratios[REPORT] is not None},
        "match_set_identical": not b.problems, "notes": b.notes,
    }
    with open(b.args.record, "a", encoding="utf-8") as out:
        out.write(json.dumps(entry) + "\n")


def bytes_of(text):
    units = {"K": 10**3, "M": 10**6, "G": 10**9}
    return int(float(text[:-1]) * units[text[-1]]) if text[-1] in units else int(text)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--size", type=bytes_of, default=bytes_of("64M"))
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--only", default="")
    p.add_argument("--build", default=os.path.join(ROOT, "build/bench"))
    p.add_argument("--data", default=os.environ.get("CULPRIT_DATA_DIR", ""))
    p.add_argument("--record", default=os.path.join(ROOT, "bench/baselines/history.jsonl"))
    p.add_argument("--no-record", action="store_true")
    args = p.parse_args()
    b = Bench(args)
    measure(b)
    rows = table(b)
    show(b, rows)
    if not args.no_record and not args.only:
        record(b, rows)
    return 1 if b.problems else 0


if __name__ == "__main__":
    sys.exit(main())
