"""Incidents reach people: the configuration's mistakes are named, and `culprit run` tells its sinks."""
import os, shutil, unittest

import harness
from harness import run, scratch

TAIL = "state: s\nserve: { listen: '' }\nsources: [ { tail: { include: [none.log] } } ]\n"


class Configuration(unittest.TestCase):
    def setUp(self):
        self.folder = scratch()
        self.addCleanup(shutil.rmtree, self.folder)

    def refused(self, text, *parts):
        """`check` names the mistake with its line, `run` refuses to start."""
        file = self.folder / "culprit.yaml"
        file.write_text(TAIL + text)
        env = {k: v for k, v in os.environ.items() if k != "SLACK_URL"}
        for command in (["check", "-c", file], ["run", "-c", file]):
            done = run(*command, env=env, check=78)
            for part in parts:
                self.assertIn(part, done.err, command)

    def at(self, line):
        return f"{self.folder}/culprit.yaml:{line + 3}: "

    def test_an_url_that_is_none(self):
        self.refused("sinks:\n  - webhook: { url: 'htp://x/' }\n", self.at(2), "'url' is no URL")

    def test_a_variable_that_is_not_set(self):
        self.refused("sinks:\n  - slack:\n      webhook_url: ${SLACK_URL}\n", self.at(3), "SLACK_URL")

    def test_a_template_with_an_error(self):
        self.refused("sinks:\n  - pagerduty: { routing_key: k, summary: '{{titel}}' }\n", self.at(2), "titel")
        self.refused("sinks:\n  - webhook: { url: 'http://x/', body: '{\"a\": {{title}}' }\n", self.at(2), "no JSON")

    def test_a_severity_that_there_is_not(self):
        self.refused("sinks: [ { stdout: {} } ]\nroutes:\n  - { match: { severity: fatal }, sinks: stdout }\n",
                     self.at(3), "'fatal' is no severity; expected info, warning, error or critical")

    def test_names_that_nothing_has(self):
        self.refused("sinks: [ { slack: { webhook_url: 'http://x/' } } ]\nroutes: [ { sinks: [slak] } ]\n",
                     self.at(2), "no sink is called 'slak'; did you mean 'slack'?")
        self.refused("sinks: [ { stdout: {} } ]\nroutes: [ { sinks: stdout, team: db } ]\n", self.at(2), "no team is called 'db'")
        self.refused("maintenance: [ { components: [etcd], during: nights } ]\n", self.at(1), "'nights'")

    def test_a_matcher_that_is_no_expression(self):
        self.refused("sinks: [ { stdout: {} } ]\nroutes: [ { sinks: stdout, match: { labels: ['component=~('] } } ]\n",
                     self.at(2), "component=~(")

    def test_what_is_right_is_counted(self):
        file = self.folder / "culprit.yaml"
        file.write_text(TAIL + "sinks: [ { stdout: {} } ]\nroutes: [ { sinks: stdout } ]\n")
        self.assertIn("1 source, 1 sink, 1 route: fine", run("check", "-c", file, check=0).out)


if __name__ == "__main__":
    harness.main()
