"""The official Fluent loggers send to the forward source: acknowledgements, handshake, TLS.

./dev setup test fetches the loggers into build/clients; what is not there is skipped.
"""
import json, os, pathlib, shutil, subprocess, sys, tempfile, unittest

from source_print import CLIENTS, SOURCE, Server as AnyServer

COUNT = 200


def Server(*flags):
    return AnyServer("forward", *flags)


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        openssl = lambda *a: subprocess.run(["openssl", *a], cwd=cls.folder, check=True, capture_output=True)
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
                "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                "-keyout", "key.pem", "-out", "cert.pem")
        cls.tls = ["--tls", cls.folder / "cert.pem", cls.folder / "key.pem"]

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def expect(self, server, who, key):
        self.assertEqual(server.code, 0)
        self.assertEqual([line["message"] for line in server.lines], [f"{who} {i}" for i in range(COUNT)])
        for line in server.lines:
            self.assertRegex(line[key], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$")

    def node(self, options, flags=(), fails=False):
        if not shutil.which("node") or not (CLIENTS / "node_modules").exists():
            self.skipTest("no node, or no @fluent-org/logger in build/clients")
        with Server(*flags) as server:
            options = {"socket": {"host": "127.0.0.1", "port": server.port, "disableReconnect": True}, **options}
            if "tls" in options:
                options["socket"].update(host="localhost", tls={"ca": (self.folder / "cert.pem").read_text()})
                del options["tls"]
            done = subprocess.run(["node", SOURCE / "tests/clients/forward_send.js", json.dumps({"count": COUNT, "options": options})],
                                  env={**os.environ, "NODE_PATH": str(CLIENTS / "node_modules")},
                                  capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode != 0, fails, done.stdout + done.stderr)
        if fails:
            self.assertEqual(server.lines, [])
            return
        self.assertIn(f"acknowledged {COUNT}", done.stdout)
        self.expect(server, "node", "@timestamp")
        self.assertEqual({line["tag"] for line in server.lines}, {"node.app"})

    def test_node_in_all_modes_is_acknowledged(self):
        for mode in ("Message", "Forward", "PackedForward", "CompressedPackedForward"):
            with self.subTest(mode):
                self.node({"eventMode": mode, "ack": {"ackTimeout": 120000}})

    def test_node_with_key_user_and_tls(self):
        security = {"clientHostname": "web-1", "sharedKey": "sesame", "username": "ann", "password": "secret"}
        flags = ["--key", "sesame", "--user", "ann", "secret", *self.tls]
        self.node({"ack": {"ackTimeout": 120000}, "security": security, "tls": True}, flags)

    def test_node_with_a_wrong_key_is_refused(self):
        self.node({"ack": {"ackTimeout": 2000}, "security": {"clientHostname": "web-1", "sharedKey": "guess"}},
                  ["--key", "sesame"], fails=True)

    def test_python(self):
        if not (CLIENTS / "python" / "fluent").exists():
            self.skipTest("no fluent-logger in build/clients")
        for precise in (False, True):
            with self.subTest(nanosecond_precision=precise), Server() as server:
                script = f"""
from fluent import sender
s = sender.FluentSender("python", host="127.0.0.1", port={server.port}, nanosecond_precision={precise})
for i in range({COUNT}):
    assert s.emit("app", {{"message": f"python {{i}}", "n": i}}), s.last_error
s.close()
"""
                subprocess.run([sys.executable, "-c", script], check=True, timeout=300,
                               env={**os.environ, "PYTHONPATH": str(CLIENTS / "python")})
            self.expect(server, "python", "@timestamp" if precise else "time")

    def test_go_is_acknowledged_plain_and_over_tls(self):
        if not (CLIENTS / "forward_go").exists():
            self.skipTest("no forward_go in build/clients")
        for transport in ("plain", "tls"):
            with self.subTest(transport), Server(*(self.tls if transport == "tls" else [])) as server:
                done = subprocess.run([CLIENTS / "forward_go", str(server.port), str(COUNT), transport],
                                      capture_output=True, text=True, timeout=300)
                self.assertEqual(done.returncode, 0, done.stdout)
            self.expect(server, "go", "@timestamp")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
