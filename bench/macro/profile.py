#!/usr/bin/env python3
"""Where the CPU time of a command goes: by stage of culprit, and by function.

usage: profile.py [--top N] -- COMMAND...

Samples with perf (cpu-clock, DWARF call chains; needs perf and debug information, which every
preset has). The stage of a sample is the outermost frame that belongs to one.
"""
import collections
import re
import shutil
import subprocess
import sys
import tempfile

# First match wins, looking at each call chain from the outermost frame inwards.
STAGES = [
    ("match: literal filter and confirm", r"culprit::GramFilter::|PairFinder|NextAvx2"),
    ("match: RE2 on candidates", r"culprit::SignatureSet::Captures|SubjectMatch|re2::RE2::Match"),
    ("match: rest of Scan", r"culprit::SignatureSet::Scan"),
    ("match: count lines", r"culprit::CountLines|CountAvx2"),
    ("parse", r"culprit::StreamParser::"),
    ("pipeline: signals from hits", r"culprit::SignalMaker::"),
    ("state: signal log", r"culprit::(SegmentWriter|MemorySignalLog|Entry|\w*SignalLog)"),
    ("ingest: read and cut", r"culprit::LineBlocks::"),
    ("detect: order", r"culprit::(Orderer|OpenSlice)::"),
    ("detect: bursts", r"culprit::Detector::"),
    ("correlate", r"culprit::Correlator::"),
    ("render", r"culprit::Render|nlohmann"),
    ("start: packs and compilation", r"culprit::(BuildEngine|Engine::Build|LoadKnowledge|SignatureSet::Build)"),
]
COMPILED = [(name, re.compile(pattern)) for name, pattern in STAGES]
OUTER = [s for s in COMPILED if not s[0].startswith("match:")]
INNER = [s for s in COMPILED if s[0].startswith("match:")]


def stage_of(frames):
    """frames: innermost first."""
    for frame in reversed(frames):
        for name, pattern in OUTER:
            if pattern.search(frame):
                return name
        if "culprit::SignatureSet::Scan" in frame:
            for inner in frames:
                for name, pattern in INNER:
                    if pattern.search(inner):
                        return name
                if "libre2" in inner:
                    return "match: RE2 on candidates"
    return "other"


def name_of(line):
    """The function without its arguments, and its library."""
    line = re.sub(r"^[0-9a-f]+ ", "", line).replace("(anonymous namespace)::", "")
    symbol, _, library = line.rpartition(" (")
    library = "kernel" if "kernel" in library else library.rstrip(")").rsplit("/", 1)[-1]
    return f"{symbol.split('(')[0]} ({library})"


def main():
    args = sys.argv[1:]
    top = 12
    if args[:1] == ["--top"]:
        top, args = int(args[1]), args[2:]
    if args[:1] == ["--"]:
        args = args[1:]
    if not args:
        sys.exit(__doc__)
    if not shutil.which("perf"):
        sys.exit("profile.py: perf is not installed (Debian: linux-perf)")
    with tempfile.NamedTemporaryFile(suffix=".perf") as data:
        subprocess.run(["perf", "record", "-q", "-F", "499", "--call-graph", "dwarf,16384", "-o",
                        data.name, *args], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        text = subprocess.run(["perf", "script", "--no-inline", "-i", data.name, "-F", "comm,ip,sym,dso"],
                              capture_output=True, text=True, errors="replace").stdout
    stages, functions, samples = collections.Counter(), collections.Counter(), 0
    for block in text.split("\n\n"):
        lines = [line.strip() for line in block.strip().split("\n") if line.startswith(("\t", " "))]
        if not lines:
            continue
        frames = [name_of(line) for line in lines]
        samples += 1
        stage = stage_of(frames)
        stages[stage] += 1
        functions[(frames[0][:80], stage)] += 1
    if not samples:
        sys.exit("profile.py: no samples")
    print(f"{samples} samples of {1000 / 499:.1f} ms")
    for name, n in stages.most_common():
        print(f"{100 * n / samples:6.1f} %  {name}")
    print("functions:")
    for (name, stage), n in functions.most_common(top):
        print(f"{100 * n / samples:6.1f} %  {name}   [{stage}]")


if __name__ == "__main__":
    main()
