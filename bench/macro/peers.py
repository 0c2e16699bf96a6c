"""The programs culprit is compared with: how each is told the signatures and fed a file, and how its
matches are counted. A peer gets a folder of its own for configuration and output.

run() returns (user + system CPU seconds of the process, wall seconds, peak bytes, count). What is
counted differs: `unit` is "lines" (with any match) or "pairs" (line, signature).
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time

from ere import Untranslatable, to_ere

SENTINEL = "==== end of the bench's input ===="
SENTINEL_TIMEOUT_SECONDS = 1200


class Failed(RuntimeError):
    pass


def execute(command, stdin=None, stdout=subprocess.DEVNULL, env=None, until=None, ok=(0,)):
    """Runs to its end, or until until() is true, then asks it to end (SIGTERM)."""
    start = time.monotonic()
    # A pipe, because some cannot poll a plain file.
    feeder = stdin and subprocess.Popen(["cat", stdin], stdout=subprocess.PIPE)
    with feeder.stdout if feeder else open(os.devnull, "rb") as source:
        process = subprocess.Popen(command, stdin=source, stdout=stdout, stderr=subprocess.PIPE,
                                   env={**os.environ, "LC_ALL": "C", **(env or {})})
    output = b""
    if until is not None:
        while process.poll() is None and not until():
            if time.monotonic() - start > SENTINEL_TIMEOUT_SECONDS:
                process.kill()
                raise Failed(f"{command[0]}: did not finish")
            time.sleep(0.02)
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
    if process.returncode is None:
        if stdout == subprocess.PIPE:
            output = process.stdout.read()
        error = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    else:
        raise Failed(f"{command[0]}: ended early: {process.stderr.read().decode(errors='replace')[-400:]}")
    if feeder:
        feeder.wait()
    wall = time.monotonic() - start
    if process.returncode not in ok and until is None:
        raise Failed(f"{command[0]}: exit {process.returncode}: {error.decode(errors='replace')[-400:]}")
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * 1024, output


def without_names(regex):
    return re.sub(r"\(\?P<[^>]+>", "(?:", regex)


def read_signatures(path):
    """The regexes of a bench_signatures .tsv."""
    with open(path, encoding="utf-8") as file:
        return [line.rstrip("\n").split("\t")[1] for line in file]


class Peer:
    name = ""
    unit = "pairs"
    program = ""
    prefix_bytes = None  # slow ones see only so much of a text, and are scaled per byte

    def __init__(self, regexes, folder, peers_dir):
        self.folder = os.path.join(folder, self.name.replace(" ", "-").replace("/", "-"))
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        self.path = self.find(peers_dir)
        self.libraries = ":".join(os.path.join(peers_dir, d) for d in (
            "usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib/syslog-ng"))
        if self.path is None:
            raise Failed(f"{self.program} is not there")
        self.setup(regexes, peers_dir)

    def find(self, peers_dir):
        for folder in ("usr/sbin", "usr/bin"):
            path = os.path.join(peers_dir, folder, self.program)
            if os.path.exists(path):
                return path
        return shutil.which(self.program)

    def file(self, name, text=None):
        path = os.path.join(self.folder, name)
        if text is not None:
            with open(path, "w", encoding="utf-8") as out:
                out.write(text)
        return path

    def clear(self, names):
        for name in names:
            if os.path.exists(self.file(name)):
                os.remove(self.file(name))

    def output_lines(self, count):
        """Lines of two bytes in the files out0, out1, ..."""
        total = 0
        for i in range(count):
            path = self.file(f"out{i}")
            total += os.path.getsize(path) // 2 if os.path.exists(path) else 0
        return total


class Ripgrep(Peer):
    name, unit, program = "rg", "lines", "rg"

    def setup(self, regexes, peers_dir):
        self.file("patterns", "".join(without_names(r) + "\n" for r in regexes))

    def run(self, text):
        cpu, wall, peak, out = execute(
            [self.path, "-j1", "--no-unicode", "--no-config", "-c", "-f", self.file("patterns"), text],
            stdout=subprocess.PIPE, ok=(0, 1))
        return cpu, wall, peak, int(out or 0)


class Grep(Peer):
    name, unit, program, prefix_bytes = "grep -E", "lines", "grep", 24 << 20

    def setup(self, regexes, peers_dir):
        self.file("patterns", "".join(to_ere(r) + "\n" for r in regexes))

    def run(self, text):
        cpu, wall, peak, out = execute([self.path, "-E", "-c", "-f", self.file("patterns"), text],
                                       stdout=subprocess.PIPE, ok=(0, 1))
        return cpu, wall, peak, int(out or 0)


class SyslogNg(Peer):
    name, program, prefix_bytes = "syslog-ng", "syslog-ng", 24 << 20

    def setup(self, regexes, peers_dir):
        self.count = len(regexes)
        modules = os.path.join(peers_dir, "usr/lib/syslog-ng/3.38")
        conf = ["@version: 3.38", "options { stats-freq(0); log-msg-size(65536); };",
                "source s { stdin(flags(no-parse)); };"]
        for i, regex in enumerate(regexes):
            # A backtick would begin a variable of the configuration, in quotes too.
            quoted = regex.replace("`", "\\x60").replace("\\", "\\\\").replace('"', '\\"')
            conf.append(f'filter f{i} {{ match("{quoted}" type(pcre) value("MESSAGE")); }};')
            conf.append(f'destination d{i} {{ file("{self.file(f"out{i}")}" template("x\\n")); }};')
            conf.append(f"log {{ source(s); filter(f{i}); destination(d{i}); }};")
        self.file("syslog-ng.conf", "\n".join(conf) + "\n")
        self.command = [self.path, "-F", "--no-caps", "-f", self.file("syslog-ng.conf"),
                        "-R", self.file("persist"), "-p", self.file("pid"), "-c", self.file("ctl")]
        if os.path.isdir(modules):
            self.command.append(f"--module-path={modules}")

    def run(self, text):
        self.clear([f"out{i}" for i in range(self.count)] + ["persist", "pid", "ctl"])
        cpu, wall, peak, _ = execute(self.command, stdin=text, env={"LD_LIBRARY_PATH": self.libraries})
        return cpu, wall, peak, self.output_lines(self.count)


class Rsyslog(Peer):
    name, program, prefix_bytes = "rsyslog", "rsyslogd", 12 << 20

    def setup(self, regexes, peers_dir):
        self.count = len(regexes)
        modules = os.path.join(peers_dir, "usr/lib/x86_64-linux-gnu/rsyslog")
        self.modules = modules if os.path.isdir(modules) else None
        rules = []
        for i, regex in enumerate(regexes):
            quoted = to_ere(regex).replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$")
            rules.append(f'  if re_match($msg, "{quoted}") then '
                         f'action(type="omfile" file="{self.file(f"out{i}")}" template="mark")')
        self.rules = "\n".join(rules)

    def run(self, text):
        self.clear([f"out{i}" for i in range(self.count)] + ["done", "pid"])
        shutil.rmtree(self.file("work"), ignore_errors=True)
        os.makedirs(self.file("work"))
        # imfile only follows files: the end is known by a last line of our own.
        fed = self.file("input.log")
        with open(fed, "wb") as out, open(text, "rb") as source:
            shutil.copyfileobj(source, out)
            out.write(SENTINEL.encode() + b"\n")
        conf = f"""global(workDirectory="{self.file('work')}" maxMessageSize="64k")
module(load="imfile")
template(name="mark" type="string" string="x\\n")
ruleset(name="bench") {{
{self.rules}
  if $msg contains "{SENTINEL}" then action(type="omfile" file="{self.file('done')}" template="mark")
}}
input(type="imfile" file="{fed}" tag="bench" ruleset="bench" addMetadata="off")
"""
        command = [self.path, "-n", "-f", self.file("rsyslog.conf", conf), "-i", self.file("pid")]
        if self.modules:
            command += ["-M", self.modules]
        cpu, wall, peak, _ = execute(command, env={"LD_LIBRARY_PATH": self.libraries},
                                     until=lambda: os.path.exists(self.file("done")))
        return cpu, wall, peak, self.output_lines(self.count)


class Sec(Peer):
    name, program, prefix_bytes = "sec", "sec", 3 << 20

    def setup(self, regexes, peers_dir):
        self.count = len(regexes)
        rules = []
        for i, regex in enumerate(regexes):
            rules.append("type=SingleWithThreshold\nptype=RegExp\npattern="
                         + without_names(regex).replace(" ", "\\x20") +
                         f"\ncontinue=TakeNext\ndesc=s{i}\naction=none\nwindow=30\nthresh=1000000000\n")
        rules.append(f"type=Single\nptype=SubStr\npattern={SENTINEL}\ndesc=end\naction=sigemul USR1\n")
        self.file("rules.sec", "\n".join(rules))

    def run(self, text):
        fed = self.file("input.log")
        with open(fed, "wb") as out, open(text, "rb") as source:
            shutil.copyfileobj(source, out)
            out.write(SENTINEL.encode() + b"\n")
        self.clear(["dump"])
        cpu, wall, peak, _ = execute(["perl", self.path, f"--conf={self.file('rules.sec')}",
                                      f"--input={fed}", "--notail", f"--dump={self.file('dump')}"])
        with open(self.file("dump"), encoding="utf-8", errors="replace") as dump:
            found = re.findall(r"matched\s+(\d+)\s+events", dump.read())
        return cpu, wall, peak, sum(int(n) for n in found[:self.count])


class Mtail(Peer):
    name, program, prefix_bytes = "mtail", "mtail", 12 << 20

    def setup(self, regexes, peers_dir):
        self.file("prog.mtail", "\n".join(
            [f"counter s{i}" for i in range(len(regexes))] +
            [f"/{without_names(r).replace('/', chr(92) + '/')}/ {{\n  s{i}++\n}}"
             for i, r in enumerate(regexes)]) + "\n")

    def run(self, text):
        cpu, wall, peak, out = execute(
            [self.path, "-one_shot", "-progs", self.file("prog.mtail"), "-logs", text,
             "-logtostderr=false", f"-log_dir={self.folder}"], stdout=subprocess.PIPE,
            env={"GOMAXPROCS": "1"})
        values = re.findall(r'"Value":\s*(\d+)', out.decode(errors="replace"))
        return cpu, wall, peak, sum(int(v) for v in values)


ALL = [Ripgrep, Grep, Mtail, SyslogNg, Rsyslog, Sec]


def main():
    """peers.py SIGNATURES.tsv FILE PEERS_DIR: tries each peer once."""
    regexes = read_signatures(sys.argv[1])
    for kind in ALL:
        try:
            print(kind.name, kind(regexes, "/tmp/culprit-peers", sys.argv[3]).run(sys.argv[2]))
        except (Failed, Untranslatable) as error:
            print(kind.name, "left out:", error)


if __name__ == "__main__":
    main()
