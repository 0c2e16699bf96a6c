"""Exit codes, messages, formats and schemas of the command line."""
import json, os, pathlib, re, unittest

from harness import SOURCE, main, replay_json, run, scratch, write_outage


class Cli(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.root = scratch()
        cls.logs = write_outage(cls.root / "outage")

    def test_help_teaches_and_exits_0(self):
        for command in ([], ["replay"], ["check"], ["test"], ["explain"], ["evidence"], ["schema"], ["completions"]):
            done = run(*command, "--help", check=0)
            self.assertIn("--help", done.out)
        self.assertIn("culprit replay", run("--help", check=0).out)
        self.assertRegex(run("--version", check=0).out, r"^culprit \d+\.\d+\.\d+")

    def test_usage_errors_exit_2(self):
        for args in (["--no-such-flag"], [], ["replay"], ["replay", self.logs, "--format", "pdf"],
                     ["replay", self.logs, "--since", "yesterday-ish"], ["replay", self.logs, "--timezone", "Mars/Olympus"],
                     ["replay", self.logs, "--input-format", "nonsense"], ["schema", "nonsense"]):
            done = run(*args, check=2)
            self.assertTrue(done.err.strip(), args)

    def test_unknown_flag_names_itself(self):
        self.assertIn("--formatt", run("replay", self.logs, "--formatt", "json", check=2).err)

    def test_a_broken_pack_exits_78_with_file_and_line(self):
        pack = self.root / "bad.yaml"
        pack.write_text("pack: bad\nsignatures:\n  - id: bad/x\n    titel: x\n    regex: '('\n    match: [a]\n    no_match: [b]\n")
        for command in (["replay", self.logs], ["check"]):
            done = run(*command, "--pack", pack, check=78)
            self.assertIn(f"{pack}:4: signature bad/x: unknown key 'titel'; did you mean 'title'?", done.err)
        pack.write_text("pack: bad\nsignatures:\n  - id: bad/x\n    title: x\n    regex: 'a('\n    match: [a]\n    no_match: [b]\n")
        done = run("check", "--pack", pack, check=78)
        self.assertIn(f"{pack}:3", done.err)
        self.assertIn("bad/x", done.err)

    def test_names_etcd(self):
        report = replay_json(self.logs)
        shown = [i for i in report["incidents"] if i["state"] in ("open", "resolved")]
        self.assertEqual([i["root_cause"]["component"] for i in shown], ["etcd"])
        self.assertEqual(sorted(shown[0]["affected"]), ["api", "core"])

    def test_fail_on_incident(self):
        run("replay", self.logs, "--fail-on-incident", "--quiet", check=1)
        run("replay", self.logs, "--fail-on-incident", "--quiet", "--until", "2026-11-21T06:05:00Z", check=0)

    def test_every_format(self):
        for name, start in (("text", ""), ("json", "{"), ("jsonl", "{"), ("markdown", "<!--"), ("html", "<!doctype html>")):
            out = self.root / f"report.{name}"
            run("replay", self.logs, "--format", name, "--output", out, "--quiet", check=0)
            self.assertTrue(out.read_text().startswith(start) and out.stat().st_size > 200, name)
        self.assertNotIn("\x1b", run("replay", self.logs, check=0).out, "no colours into a pipe")
        self.assertIn("\x1b[", run("replay", self.logs, "--color", "always", check=0).out)

    def test_documents_keep_to_their_schemas(self):
        try:
            import jsonschema
            import yaml
        except ImportError:
            self.skipTest("python3-jsonschema or python3-yaml is not installed")
        schema = json.loads(run("schema", "report", check=0).out)
        jsonschema.validate(replay_json(self.logs), schema)
        pack = json.loads(run("schema", "pack", check=0).out)
        for file in sorted((SOURCE / "patterns/packs").glob("*/pack.yaml")):
            jsonschema.validate(yaml.safe_load(file.read_text()), pack)
        config = json.loads(run("schema", "config", check=0).out)
        blocks = re.findall(r"^```yaml\n(.*?)^```", (SOURCE / "engine/doc/configuration.md").read_text(), re.S | re.M)
        for text in [f.read_text() for f in (SOURCE / "patterns/starters").glob("*.yaml")] + blocks:
            jsonschema.validate({"sources": [{"stdin": {}}]} | yaml.safe_load(text), config)
        scenario = json.loads(run("schema", "scenario", check=0).out)
        for file in sorted((SOURCE / "patterns/packs").glob("*/scenarios/*/scenario.yaml")):
            jsonschema.validate(yaml.safe_load(file.read_text()), scenario)

    def test_explain_tells_what_matched_and_what_nearly_did(self):
        line = json.dumps({"time": "2026-11-21T06:51:05Z", "level": "error", "service": "api",
                           "msg": "dial tcp 10.0.0.5:2379: connect: connection refused"})
        found = json.loads(run("explain", line, "--format", "json", check=0).out)
        self.assertEqual((found["format"], found["service"], found["time"]), ("json", "api", "2026-11-21T06:51:05.000Z"))
        self.assertTrue(any(m["captures"].get("port") == "2379" for m in found["matches"]), found["matches"])
        at = (self.logs / "api.log").read_bytes().index(b"refused")
        found = json.loads(run("explain", f"{self.logs}/api.log:{at}", "--format", "json", check=0).out)
        self.assertTrue(found["matches"])
        self.assertIn("matches", run("explain", "nothing to see", check=0).out)

    def test_evidence_rereads_the_bytes(self):
        report = self.root / "r.json"
        run("replay", self.logs, "--format", "json", "--output", report, "--quiet", check=0)
        document = json.loads(report.read_text())
        incident = next(i for i in document["incidents"] if i["state"] in ("open", "resolved"))
        lines = json.loads(run("evidence", incident["id"], "--report", report, "--format", "json", check=0).out)
        self.assertEqual([e["line"] for e in lines], [e["line"] for e in incident["evidence"]])
        self.assertIn("no incident 'INC-0'", run("evidence", "INC-0", "--report", report, check=2).err)

    def test_completions_are_valid_shell(self):
        import subprocess
        script = run("completions", "bash", check=0).out
        subprocess.run(["bash", "-n"], input=script.encode(), check=True)
        self.assertIn("replay", script)

    def test_topology_files(self):
        topology = self.root / "t.json"
        topology.write_text('[{"caller": "web", "callee": "api"}, {"caller": "api", "callee": "etcd"}]')
        report = replay_json(self.logs, "--topology", topology)
        self.assertIn({"from": "web", "to": "api", "learned": False}, report["edges"])
        topology.write_text("components: { web: { depend_on: [api] } }")
        self.assertIn("t.json", run("replay", self.logs, "--topology", topology, check=78).err)


if __name__ == "__main__":
    main()
