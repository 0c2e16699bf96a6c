"""A source behind a fake sink, for tests with real senders."""
import json, pathlib, subprocess, sys

PRINT = pathlib.Path(sys.argv[1])
SOURCE = pathlib.Path(sys.argv[2])
CLIENTS = SOURCE / "build" / "clients"


class Server:
    """source_print; `lines` is what was committed once the block has ended, `log` what it said."""

    def __init__(self, *arguments):
        self.arguments = arguments

    def __enter__(self):
        self.process = subprocess.Popen([PRINT, *self.arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        return self

    def __exit__(self, *ignored):
        out, self.log = self.process.communicate(timeout=300)
        self.lines = [json.loads(line) for line in out.splitlines()]
        self.code = self.process.returncode
