#!/usr/bin/env python3
"""Hashes of `culprit replay --format json` over all cases below a folder: the oracle of a change that
must not change what is found.

usage: report_hashes.py CULPRIT DATA_DIR [--workers 1,2,8] [-- REPLAY FLAGS] > hashes.txt

A case is a folder with logs/ (and perhaps topology.json), else each folder that is directly below
DATA_DIR's folders and holds files. One line per case: hash, exit code, case. With several numbers of
workers all must agree; a case where they do not is printed as DIFFERENT, and the exit code is 1.
Compare two binaries with diff(1).
"""
import hashlib
import os
import pathlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor


def cases(root):
    found = sorted(p.parent for p in root.glob("**/logs") if p.is_dir())
    below = [d for top in sorted(root.iterdir()) if top.is_dir() for d in sorted(top.iterdir()) if d.is_dir()]
    plain = [d for d in below if not any(d == c or d in c.parents or c in d.parents for c in found)]
    return found + plain


def replay(binary, case, workers, flags):
    command = [binary, "replay", str(case / "logs" if (case / "logs").is_dir() else case), "--format", "json",
               "--quiet", "--workers", str(workers), *flags]
    topology = [p for p in (case / "topology.json", case.parent / "topology.json") if p.exists()]
    if topology:
        command += ["--topology", str(topology[0])]
    done = subprocess.run(command, capture_output=True)
    return f"{hashlib.sha256(done.stdout).hexdigest()[:16]} {done.returncode}"


def main():
    args, flags, workers = sys.argv[1:], [], [1]
    if "--" in args:
        at = args.index("--")
        args, flags = args[:at], args[at + 1:]
    if "--workers" in args:
        at = args.index("--workers")
        workers = [int(n) for n in args[at + 1].split(",")]
        del args[at:at + 2]
    if len(args) != 2:
        sys.exit(__doc__)
    binary, root = args[0], pathlib.Path(args[1])
    differs = False
    with ThreadPoolExecutor(max(1, os.cpu_count() // max(1, min(workers)))) as pool:
        work = [(case, [pool.submit(replay, binary, case, n, flags) for n in workers]) for case in cases(root)]
        for case, runs in work:
            said = {run.result() for run in runs}
            differs |= len(said) > 1
            print(said.pop() if len(said) == 1 else "DIFFERENT -", case.relative_to(root), flush=True)
    sys.exit(1 if differs else 0)


if __name__ == "__main__":
    main()
