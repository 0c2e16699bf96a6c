#!/usr/bin/env python3
"""Writes tests/golden/correlate/scenarios.txt: cascades and what the Python prototype says of them.

The prototype (a slow, plain implementation of the causal model) is not part of this repository. Run
    export_scenarios.py PROTOTYPE_DIR [COUNT] > tests/golden/correlate/scenarios.txt
with the folder that holds its sim.py and model.py. Onsets are rounded to milliseconds before the
prototype sees them. Its search for candidate roots is replaced: it walks depth first and so misses
some components within 5 hops that it reached by a longer way first. Format, one record per line, scenarios in order:
    S seed components now_ms
    L bits                      which components log (absence evidence)
    E y t h                     y depends on t, h = 1 hard
    B y class target onset_ms   bursts in canonical order; class as in the prototype, target -1 none
    I micro_nats mode root from T_ms ; component posterior_1e9 ... (first five) ; burst numbers
    U burst numbers             unattributed
"""
import sys


def candidates(model, self, obs):
    """All components within d_max depends_on hops of a visible burst, named targets, named links."""
    roots, links = set(), set()
    for y, bursts in obs.items():
        visible = [b for b in bursts if b.vis]
        if not visible:
            continue
        reached, layer = {y}, [y]
        for _ in range(self.p.d_max):
            layer = {t for v in layer for t in self.deps[v]} - reached
            reached |= layer
        roots |= reached
        for b in visible:
            if b.target >= 0:
                roots.add(b.target)
                links.add((model.LINK, b.target, y))
    modes = (model.DOWN, model.SLOW, model.FAULTY)
    return [(m, x, None) for x in sorted(roots) for m in modes] + sorted(links)


def main():
    sys.path.insert(0, sys.argv[1])
    import model
    import sim
    model.Model.hypotheses = lambda self, obs: candidates(model, self, obs)
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 300
    variants = [dict(), dict(p_two=1.0), dict(capture=0.0), dict(miss_edge=1.0, spur_edge=0.0),
                dict(noise_rate=6.0), dict(skew_sd=10.0), dict(uninstr=.4)]
    for number in range(count):
        options = dict(variants[number % len(variants)])
        if number % 3:
            options["n"] = 20 + number % 40
        scenario = sim.simulate(4_200_000 + number, **options)
        now = [300.0, 40.0, 90.0][number % 3]
        for b in scenario.bursts:
            b.onset = round(b.onset * 1000) / 1000
        bursts = [b for b in scenario.bursts if b.onset <= now]
        bursts.sort(key=lambda b: (b.y, b.cls, b.target, b.onset))
        for i, b in enumerate(bursts):
            b.id = i
        print("S", scenario.seed, scenario.n, round(now * 1000))
        print("L", "".join("1" if v else "0" for v in scenario.instr))
        for y, deps in enumerate(scenario.view.deps):
            for t in sorted(deps):
                print("E", y, t, int(deps[t]))
        for b in bursts:
            print("B", b.y, b.cls, b.target, round(b.onset * 1000))
        incidents, rest = model.Model(scenario.view, scenario.instr).infer(bursts, now)
        for i in incidents:
            value, (mode, root, link), (_, onset, _) = i.top
            print("I", value, mode, root, -1 if link is None else link, round(onset * 1000), ";",
                  " ".join(f"{x} {round(w * 1e9)}" for w, x in i.rank[:5]), ";",
                  " ".join(str(b.id) for b in sorted(i.members, key=lambda b: b.id)))
        print("U", " ".join(str(b.id) for b in rest))


if __name__ == "__main__":
    main()
