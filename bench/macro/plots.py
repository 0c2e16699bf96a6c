#!/usr/bin/env python3
"""How culprit's cost grows: measures, and draws bench/plots/*.svg.

usage: plots.py [--size 32M] [--rounds 3] [--only NAME,...] [--redraw]

Against the number of signatures, hit rate, line length, services and workers. Numbers are kept in
bench/plots/points.json; --redraw only draws. CPU seconds per gigabyte, medians; whole replays are
charged user + system time less their start.
"""
import argparse
import json
import os
import statistics
import sys

import svg
from compare import ROOT, Bench, bytes_of

POINTS = os.path.join(ROOT, "bench/plots/points.json")


def workers(bench, corpora):
    folder = corpora.split(corpora.generated(1), 4)
    return [(n, {"culprit replay": bench.replay("r", folder, 60, n)}) for n in (1, 2, 4)]


def ways(bench, path, count, names=("vectorscan", "re2-set")):
    result = {"culprit replay": bench.replay("r", path, count),
              "culprit scan only": bench.scan("culprit", path, count)}
    titles = {"vectorscan": "raw Vectorscan", "re2-set": "RE2::Set per line"}
    for name in names:
        result[titles[name]] = bench.scan(name, path, count)
    return result


# name -> (title, label of x, log scale, points of (x, {way: measurement}))
def plots(bench):
    c = bench.corpora
    return {
        "signatures": ("number of signatures, 1 % hits", "signatures", True, lambda: [
            (n, ways(bench, c.generated(1), n, ("vectorscan", "re2-set") if n <= 500 else ("vectorscan",)))
            for n in (10, 60, 200, 500, 1000, 2000, 5000)]),
        "hits": ("lines that match, 60 signatures", "per cent of lines", True, lambda: [
            (h, ways(bench, c.generated(h), 60)) for h in (0.01, 0.1, 1, 10, 100)]),
        "line-length": ("length of lines, 1 % hits", "bytes per line", True, lambda: [
            (n, ways(bench, c.generated(1, line_bytes=n), 60)) for n in (130, 250, 500, 1000, 4000)]),
        "services": ("number of services, 1 % hits", "services", True, lambda: [
            (n, {"culprit replay": bench.replay("r", c.generated(1, services=n), 60)})
            for n in (4, 16, 64, 256, 1024)]),
        "workers": ("number of workers, four files", "workers", False, lambda: workers(bench, c)),
    }


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--size", type=bytes_of, default=bytes_of("32M"))
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--only", default="")
    p.add_argument("--build", default=os.path.join(ROOT, "build/bench"))
    p.add_argument("--redraw", action="store_true")
    args = p.parse_args()
    args.data = ""
    points = {}
    if os.path.exists(POINTS):
        with open(POINTS, encoding="utf-8") as file:
            points = json.load(file)
    bench = None if args.redraw else Bench(args)
    for name, (title, label, log, make) in (plots(bench) if bench else {}).items():
        if args.only and name not in args.only.split(","):
            continue
        lines = {}
        for x, measurements in make():
            samples = {way: [] for way in measurements}
            for _ in range(args.rounds):
                for way, measurement in measurements.items():
                    samples[way].append(measurement.sample())
            for way, runs in samples.items():
                lines.setdefault(way, []).append([x, round(statistics.median(s.per_gb for s in runs), 4)])
                if name == "workers":
                    lines.setdefault("wall time of the same", []).append(
                        [x, round(statistics.median(s.wall / s.bytes * 1e9 for s in runs), 4)])
        points[name] = {"title": title, "label": label, "log": log, "lines": lines}
        print(name, json.dumps(lines), flush=True)
        with open(POINTS, "w", encoding="utf-8") as file:
            json.dump(points, file, indent=1, sort_keys=True)
            file.write("\n")
    for name, plot in points.items():
        with open(os.path.join(ROOT, f"bench/plots/{name}.svg"), "w", encoding="utf-8") as file:
            unit = "seconds per GB" if name == "workers" else "CPU seconds per GB"
            file.write(svg.draw("Cost against " + plot["title"], plot["label"], unit, plot["lines"],
                                plot["log"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
