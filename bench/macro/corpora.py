"""The texts and signature sets of the benches: made once, kept below build/bench-data."""
import glob
import os
import subprocess

REAL_CASES = ("openstack", "nezha-trainticket")  # below $CULPRIT_DATA_DIR: never used for tuning
SEED = 20260301


def copy(source, out, limit):
    """At least `limit` bytes if there are, up to a line's end. In pieces: a process started later
    has the memory of this one in its peak."""
    while limit > 0 and (text := source.read(min(limit, 1 << 20))):
        out.write(text)
        limit -= len(text)
    out.write(source.readline())


def is_text(path):
    with open(path, "rb") as source:
        head, tail = source.read(4096), source.seek(max(0, os.path.getsize(path) - 1)) and source.read()
    return b"\0" not in head and head[:2] != b"\x1f\x8b" and tail == b"\n"


class Corpora:
    def __init__(self, folder, tools, size):
        self.folder, self.tools, self.size = folder, tools, size
        os.makedirs(folder, exist_ok=True)

    def _tool(self, *parts):
        return os.path.join(self.tools, "bench", *parts)

    def _made(self, path, make):
        stamp = max(os.path.getmtime(self._tool("gen", t)) for t in ("bench_corpus", "bench_signatures"))
        if not os.path.exists(path) or os.path.getmtime(path) < stamp:
            make(path + ".part")
            os.replace(path + ".part", path)
        return path

    def signatures(self, count):
        """(tsv, yaml) of a set of `count`, or of all shipped ones."""
        stem = os.path.join(self.folder, f"signatures-{count}")
        self._made(stem + ".tsv", lambda path: subprocess.run(
            [self._tool("gen", "bench_signatures"), str(count), "1", path, stem + ".yaml"], check=True))
        return stem + ".tsv", stem + ".yaml"

    def generated(self, hits=1.0, fmt="plain", kind="ordinary", signatures=60, services=16,
                  line_bytes=0, size=None):
        size = size or self.size
        name = f"{fmt}-{kind}-{hits:g}pc-s{signatures}-{services}svc-{line_bytes}b-{size}.log"

        def make(path):
            with open(path, "wb") as out:
                subprocess.run(
                    [self._tool("gen", "bench_corpus"), "--signatures", self.signatures(signatures)[0],
                     "--bytes", str(size), "--format", fmt, "--kind", kind, "--hits", str(hits),
                     "--services", str(services), "--line-bytes", str(line_bytes), "--seed", str(SEED)],
                    stdout=out, stderr=subprocess.DEVNULL, check=True)
        return self._made(os.path.join(self.folder, name), make)

    def real(self, data_dir):
        """Real logs one after the other, a share of each case set; None without data."""
        parts = [(case, sorted(glob.glob(os.path.join(data_dir, case, "**", "logs", "**", "*"),
                                         recursive=True))) for case in REAL_CASES] if data_dir else []
        parts = [(case, [f for f in files if os.path.isfile(f)]) for case, files in parts]
        if not any(files for _, files in parts):
            return None

        def make(path):
            with open(path, "wb") as out:
                for _, files in parts:
                    budget = self.size // len(parts)
                    for name in files:
                        if budget <= 0 or not is_text(name):
                            continue
                        with open(name, "rb") as source:
                            copy(source, out, min(budget, os.path.getsize(name)))
                        budget -= os.path.getsize(name)
        return self._made(os.path.join(self.folder, f"real-{self.size}.log"), make)

    def prefix(self, path, limit):
        """The first `limit` bytes, up to a line's end."""
        if limit is None or os.path.getsize(path) <= limit:
            return path

        def make(out_path):
            with open(path, "rb") as source, open(out_path, "wb") as out:
                copy(source, out, limit)
        return self._made(f"{path}.first-{limit}", make)

    def split(self, path, pieces):
        """A folder with the same lines in `pieces` files."""
        folder = f"{path}.in-{pieces}"
        os.makedirs(folder, exist_ok=True)
        size = os.path.getsize(path)
        with open(path, "rb") as source:
            for i in range(pieces):
                with open(os.path.join(folder, f"part-{i}.log"), "wb") as out:
                    copy(source, out, size // pieces)
        return folder
