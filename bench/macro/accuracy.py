#!/usr/bin/env python3
"""Root-cause accuracy of `culprit replay` on labelled cases.

usage: accuracy.py CULPRIT CASES_DIR [--verbose] [-- REPLAY FLAGS]

CASES_DIR holds <case>/case.json ({"expect", "root_cause", "slice"}), <case>/logs/ and perhaps <case>/topology.json.
Top-1: the root of the incident with the highest score is the labelled one; any: the root of any shown incident is.
A shown incident is open or resolved (paged); suspected ones do not count.
"""
import collections, json, os, pathlib, subprocess, sys
from concurrent.futures import ThreadPoolExecutor


def replay(binary, case, flags):
    command = [binary, "replay", str(case / "logs"), "--format", "json", "--quiet", "--workers", "1", *flags]
    if (case / "topology.json").exists():
        command += ["--topology", str(case / "topology.json")]
    done = subprocess.run(command, capture_output=True)
    if done.returncode not in (0, 1) or not done.stdout:
        raise SystemExit(f"{case}: exit {done.returncode}: {done.stderr.decode()[:400]}")
    return json.loads(done.stdout)


def main():
    args = sys.argv[1:]
    flags = []
    if "--" in args:
        at = args.index("--")
        args, flags = args[:at], args[at + 1:]
    verbose = "--verbose" in args
    binary, root = [a for a in args if not a.startswith("--")]
    cases = sorted(p.parent for p in pathlib.Path(root).glob("*/case.json"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        reports = list(pool.map(lambda c: replay(binary, c, flags), cases))
    tally = collections.defaultdict(collections.Counter)
    for case, report in zip(cases, reports):
        label = json.loads((case / "case.json").read_text())
        shown = [i for i in report["incidents"] if i["state"] in ("open", "resolved")]
        shown.sort(key=lambda i: -i["root_cause"]["score"])
        roots = [i["root_cause"]["component"] for i in shown]
        every = [i["root_cause"]["component"] for i in sorted(report["incidents"], key=lambda i: -i["root_cause"]["score"])]
        for group in (label["expect"], label["expect"] + "/" + label["slice"]):
            t = tally[group]
            t["cases"] += 1
            t["with incident"] += bool(shown)
            t["wrong CONFIRMED"] += sum(i["root_cause"]["confidence"] == "CONFIRMED" and i["root_cause"]["component"] != label["root_cause"] for i in shown)
            if label["root_cause"]:
                t["top-1"] += roots[:1] == [label["root_cause"]]
                t["any"] += label["root_cause"] in roots
                t["top-1 with suspected"] += every[:1] == [label["root_cause"]]
                t["any with suspected"] += label["root_cause"] in every
        if verbose:
            print(case.name, label["slice"], label["root_cause"], "->",
                  [(i["root_cause"]["component"], i["root_cause"]["failure_mode"], round(i["root_cause"]["score"], 1), i["root_cause"]["confidence"], i["state"]) for i in report["incidents"]][:6])
    for group in sorted(tally):
        t = tally[group]
        rates = ", ".join(f"{k} {v} ({v / t['cases']:.1%})" for k, v in t.items() if k != "cases")
        print(f"{group}: {t['cases']} cases: {rates}")


if __name__ == "__main__":
    main()
