"""Secrets seeded into logs never leave: not into the state directory, nor the terminal, nor culprit's own log."""
import re, signal, subprocess, time, unittest

import harness

# Made up, and put together here so that no scanner of repositories takes them for real.
SECRETS = ["hunter2-swordfish", "AK" + "IAQ7EXAMPLE7SECRET", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzZWNyZXQifQ." + "c2lnbmF0dXJlLXNlY3JldA",
           "gh" + "p_SECRETsecretSECRETsecretSECRETsecret01", "4111 1111 1111 1111"]
SEEDS = ["password=" + SECRETS[0], "key " + SECRETS[1], "token " + SECRETS[2], "remote https://x:" + SECRETS[3] + "@git/",
         "card " + SECRETS[4]]


class Redact(unittest.TestCase):
    def test_seeded_secrets_reach_nothing_that_is_kept(self):
        folder = harness.scratch()
        logs = folder / "logs"
        harness.write_outage(logs)
        for file in logs.iterdir():
            lines = file.read_text().splitlines()
            for i, line in enumerate(lines):
                seed = SEEDS[i % len(SEEDS)]
                lines[i] = re.sub(r"(connection refused|served request|compact tree index)", rf"\1 {seed}", line, count=1)
            file.write_text("\n".join(lines) + "\n" + "half a line with " + SEEDS[0])  # held by the reader of the file
        (folder / "culprit.yaml").write_text(f"""
state: {folder}/state
serve: {{ listen: "" }}
stdout: jsonl
time: {{ idle_after: 1s }}
sources: [ {{ tail: {{ include: {logs}/*.log }} }} ]
""")
        with open(folder / "out", "wb") as out, open(folder / "err", "wb") as err:
            process = subprocess.Popen([str(harness.BINARY), "run", "-c", str(folder / "culprit.yaml")], stdout=out, stderr=err)
        try:
            deadline = time.monotonic() + 120
            while b"INC-" not in (folder / "out").read_bytes() and time.monotonic() < deadline:
                self.assertIsNone(process.poll(), (folder / "err").read_text())
                time.sleep(.1)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(120)
        printed = (folder / "out").read_text()
        self.assertIn("INC-", printed)
        self.assertIn("[REDACTED:", printed)
        kept = [p for p in [*(folder / "state").iterdir(), folder / "out", folder / "err"] if p.is_file()]
        self.assertGreater(len(kept), 2)
        for file in kept:
            content = file.read_bytes()
            for secret in SECRETS:
                self.assertNotIn(secret.encode(), content, f"{file.name} holds a secret")


if __name__ == "__main__":
    harness.main()
