"""OpenTelemetry's own SDKs export logs to the HTTP source: protobuf from Python, JSON from Node; gzip, retries.

./dev setup test fetches them into build/clients; what is not there is skipped.
"""
import json, os, shutil, subprocess, sys, unittest

from source_print import CLIENTS, SOURCE, Server

COUNT = 300

PYTHON = """
import logging, sys
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
port, count, compression, token = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
exporter = OTLPLogExporter(endpoint=f"http://127.0.0.1:{port}/v1/logs", compression=Compression(compression), timeout=30,
                           headers={"Authorization": "Bearer " + token} if token else None)
provider = LoggerProvider(resource=Resource.create({"service.name": "checkout", "k8s.pod.name": "checkout-7f"}))
provider.add_log_record_processor(BatchLogRecordProcessor(exporter, max_export_batch_size=100))
log = logging.getLogger("shop.cart")
log.addHandler(LoggingHandler(logger_provider=provider))
for i in range(count):
    log.warning("python %d: dial tcp 10.0.0.5:2379", i, extra={"n": i})
try:
    raise ValueError("out of stock")
except ValueError:
    log.exception("it failed")
provider.shutdown()
"""


class Clients(unittest.TestCase):
    def python(self, compression, token="", flags=()):
        if not (CLIENTS / "python" / "opentelemetry").exists():
            self.skipTest("no opentelemetry-exporter-otlp-proto-http in build/clients")
        with Server("http", *flags) as server:
            done = subprocess.run([sys.executable, "-c", PYTHON, str(server.port), str(COUNT), compression, token],
                                  env={**os.environ, "PYTHONPATH": str(CLIENTS / "python"), "PYTHONWARNINGS": "ignore"},
                                  capture_output=True, text=True, timeout=300)
        self.assertEqual((server.code, done.returncode), (0, 0), server.log + done.stderr)
        return server, done.stderr

    def check_python(self, lines):
        self.assertEqual([line["body"] for line in lines],
                         [f"python {i}: dial tcp 10.0.0.5:2379" for i in range(COUNT)] + ["it failed"])
        first, last = lines[0], lines[-1]
        self.assertRegex(first["@timestamp"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$")
        self.assertEqual((first["severityNumber"], first["service.name"], first["logger"], first["attributes"]["n"]),
                         (13, "checkout", "shop.cart", 0))
        self.assertEqual(first["resourceAttributes"]["k8s.pod.name"], "checkout-7f")
        self.assertNotIn("telemetry.sdk.name", first["resourceAttributes"])
        self.assertEqual(last["attributes"]["exception.message"], "out of stock")

    def test_python_sends_protobuf(self):
        for compression in ("none", "gzip", "deflate"):
            with self.subTest(compression):
                self.check_python(self.python(compression)[0].lines)

    def test_python_sends_again_what_was_not_committed(self):
        server, log = self.python("gzip", flags=["--refuse", "1"])
        self.assertEqual(sorted(line["body"] for line in server.lines), sorted(
            [f"python {i}: dial tcp 10.0.0.5:2379" for i in range(COUNT)] + ["it failed"]))

    def test_python_with_a_token(self):
        self.check_python(self.python("none", "sesame", ["--key", "sesame"])[0].lines)
        server, log = self.python("none", "guess", ["--key", "sesame"])
        self.assertEqual(server.lines, [])
        self.assertIn("401", log)

    def test_node_sends_json(self):
        if not shutil.which("node") or not (CLIENTS / "node_modules" / "@opentelemetry").exists():
            self.skipTest("no node, or no OpenTelemetry in build/clients")
        for compression in ("none", "gzip"):
            with self.subTest(compression):
                with Server("http") as server:
                    done = subprocess.run(
                        ["node", SOURCE / "tests/clients/otlp_send.js", str(server.port), str(COUNT), compression],
                        env={**os.environ, "NODE_PATH": str(CLIENTS / "node_modules")}, capture_output=True, text=True,
                        timeout=300)
                self.assertEqual((server.code, done.returncode), (0, 0), server.log + done.stdout + done.stderr)
                self.assertEqual([line["body"] for line in server.lines], [f"node {i}" for i in range(COUNT)])
                line = server.lines[7]
                self.assertEqual((line["severityText"], line["severityNumber"], line["service.name"], line["logger"]),
                                 ("ERROR", 17, "cart", "shop"))
                self.assertEqual(line["attributes"], {"n": 7, "list": ["a", 1.5], "deep": {"x": True}})


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
