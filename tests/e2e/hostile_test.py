"""Bad input is refused or kept as a dead letter, with a clear message, and everything else goes on.

One culprit reads files, Kafka, forward (open, and with TLS, certificates and a key), HTTP and syslog. Between good lines
each of them gets what it must not choke on: garbage, truncated MessagePack, zip bombs, senders that are slow on purpose,
wrong keys and certificates, requests that are too large, an unknown topic, a directory that cannot be read. At the end
every good line is there once. Without Java the part of Kafka is left out and told.
"""
import ctypes, gzip, hashlib, http.client, json, os, pathlib, re, shutil, socket, ssl, struct, subprocess, sys, time, unittest

import harness
import senders
from harness import BINARY, SOURCE, free_ports, run, scratch

sys.path.insert(0, str(SOURCE / "tests/kafka"))
import broker

KEY, TOKEN = "sesame", "let-me-in"
PATIENCE = 180  # seconds until a state that must come has come
ROUND = 50     # good lines of each source between two attacks
MIB = 1 << 20


def bin32(data):
    return b"\xc6" + struct.pack(">I", len(data)) + data


def entries(lines):
    return b"".join(b"\x92\xd7\x00" + struct.pack(">II", 1795243800, n) + b"\x81" + senders.packed("log") +
                    senders.packed(text) for n, text in enumerate(lines))


def chunk(packed, name, compressed=False):
    """[tag, entries, option] that asks for an acknowledgement."""
    option = (b"\x82" + senders.packed("compressed") + senders.packed("gzip") if compressed else b"\x81")
    return (b"\x93" + senders.packed("app") + bin32(packed) + option + senders.packed("chunk") + senders.packed(name))


def closed(connection):
    """The other side ended it."""
    try:
        while connection.recv(65536):
            pass
        return True
    except TimeoutError:
        return False
    except OSError:  # reset
        return True


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = folder = scratch()
        cls.lines, cls.cluster = {}, None
        for name in ("logs", "locked", "state", "certs", "foreign"):
            (folder / name).mkdir()
        for name in ("certs", "foreign"):
            broker.make_certificates(folder / name)
        (folder / "locked/app.log").write_text("never read\n")
        os.chmod(folder / "locked", 0)
        kafka = ""
        cls.lib = senders.librdkafka()
        if shutil.which("java") and shutil.which("mvn") and cls.lib:
            cls.cluster = broker.Cluster(folder / "kafka").start()
            cls.cluster.create_topic("orders", 1)
            kafka = (f"  - kafka: {{ name: bus, brokers: ['{cls.cluster.bootstrap}'], topics: [orders, nowhere], "
                     "properties: { allow.auto.create.topics: false } }\n")
        else:
            print("hostile_test: no Java, Maven or librdkafka: without Kafka", file=sys.stderr)
        cls.fluent, cls.secured, cls.web, cls.tcp = free_ports(4)
        tls = f"cert_file: {folder}/certs/server.pem, key_file: {folder}/certs/server.key, client_ca_file: {folder}/certs/ca.pem"
        (folder / "culprit.yaml").write_text(f"""
state: {folder}/state
serve: {{ listen: '' }}
sources:
  - tail: {{ name: files, include: ['{folder}/logs/*.log'], rescan_interval: 1s }}
  - tail: {{ name: locked, include: ['{folder}/locked/*.log'], rescan_interval: 1s }}
  - forward: {{ name: fluent, listen: '127.0.0.1:{cls.fluent}', max_decompressed_bytes: 4MiB, max_message_bytes: 8MiB, message_timeout: 3s }}
  - forward: {{ name: secured, listen: '127.0.0.1:{cls.secured}', tls: {{ {tls} }}, shared_key: {KEY}, handshake_timeout: 5s }}
  - http: {{ name: web, listen: '127.0.0.1:{cls.web}', token: {TOKEN}, max_body_bytes: 1MiB, max_decompressed_bytes: 4MiB, header_timeout: 3s, body_timeout: 3s }}
  - syslog: {{ name: sys, udp: '', tcp: '127.0.0.1:{cls.tcp}' }}
{kafka}""")
        # Root reads every directory: culprit runs as nobody then.
        user = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
        if user:
            subprocess.run(["chown", "-R", "65534:65534", folder / "state", folder / "certs"], check=True)
            os.chmod(folder, 0o755)
        with open(folder / "err.txt", "wb") as err:
            cls.process = subprocess.Popen([str(BINARY), "run", "-c", folder / "culprit.yaml", "--format", "none"],
                                           stdin=subprocess.DEVNULL, stderr=err, cwd="/", **user)
        cls.wait("it runs", lambda: "info running state=" in cls.log())

    @classmethod
    def tearDownClass(cls):
        cls.process.kill()
        cls.process.wait()
        if cls.cluster:
            cls.cluster.stop()
        os.chmod(cls.folder / "locked", 0o700)
        shutil.rmtree(cls.folder, ignore_errors=True)

    @classmethod
    def log(cls):
        return (cls.folder / "err.txt").read_text()

    @classmethod
    def wait(cls, what, condition):
        end = time.monotonic() + PATIENCE
        while not (result := condition()):
            if cls.process.poll() is not None or time.monotonic() > end:
                said = [line for line in cls.log().splitlines() if "state dumped" not in line]
                raise AssertionError("\n".join([f"not seen: {what}", *said[-30:]]))
            time.sleep(0.05)
        return result

    @classmethod
    def status(cls):
        for old in (cls.folder / "state").glob("dump-*.json"):
            old.unlink()
        os.kill(cls.process.pid, 12)  # SIGUSR2
        def dumped():
            for dump in (cls.folder / "state").glob("dump-*.json"):
                try:
                    return {s["name"]: s for s in json.loads(dump.read_text())["sources"]}
                except ValueError:
                    pass
        return cls.wait("a dump", dumped)

    # What good senders do meanwhile: to every source, acknowledged where it acknowledges.

    def more(self, source):
        first = self.lines.get(source, 0)
        self.lines[source] = first + ROUND
        return [f"2026-11-21T06:51:05Z INFO {source} served request {n}" for n in range(first, first + ROUND)]

    def go_on(self):
        with open(self.folder / "logs/app.log", "a") as file:
            file.write("\n".join(self.more("files")) + "\n")
        with self.connect(self.fluent) as connection:
            self.acknowledged(connection, "fluent")
        with self.shake(self.secured_connection("certs"), KEY) as connection:
            self.acknowledged(connection, "secured")
        status, _ = self.post("\n".join(self.more("web")).encode())
        self.assertEqual(status, 200)
        with self.connect(self.tcp) as connection:
            connection.sendall(b"".join(b"<14>1 " + text[:20].encode() + b" host app 1 - - " + text[21:].encode() + b"\n"
                                        for text in self.more("sys")))
        if self.cluster:
            self.produce([text.encode() for text in self.more("bus")])
        self.assertIsNone(self.process.poll(), self.log()[-2000:])

    def connect(self, port):
        return socket.create_connection(("127.0.0.1", port), timeout=120)

    def acknowledged(self, connection, source):
        name = f"{source}-{self.lines.get(source, 0)}"
        connection.sendall(chunk(entries(self.more(source)), name))
        self.assertEqual(connection.recv(1000), b"\x81" + senders.packed("ack") + senders.packed(name))

    def secured_connection(self, certificates):
        context = ssl.create_default_context(cafile=self.folder / "certs/ca.pem")
        if certificates:
            context.load_cert_chain(self.folder / certificates / "server.pem", self.folder / certificates / "server.key")
        raw = self.connect(self.secured)
        try:
            return context.wrap_socket(raw, server_hostname="localhost")
        except OSError:
            raw.close()
            raise

    def shake(self, connection, key):
        """HELO, PING, PONG; raises PermissionError if the key is refused."""
        helo = connection.recv(1000)
        at = helo.index(b"nonce") + 5
        nonce = helo[at + 2:at + 2 + helo[at + 1]] if helo[at] in (0xc4, 0xd9) else helo[at + 1:at + 1 + (helo[at] & 31)]
        digest = hashlib.sha512(b"salt" + b"sender" + nonce + key.encode()).hexdigest()
        connection.sendall(b"\x96" + b"".join(map(senders.packed, ("PING", "sender", "salt", digest, "", ""))))
        pong = connection.recv(1000)
        if b"PONG\xc3" not in pong:
            connection.close()
            raise PermissionError(pong)
        return connection

    def post(self, body, token=TOKEN, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.web, timeout=120)
        try:
            connection.request("POST", "/app", body, {"Authorization": f"Bearer {token}", "Content-Type": "text/plain"} |
                               {k.replace("_", "-"): v for k, v in headers.items()})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def produce(self, values):
        """Bytes, or None for a tombstone."""
        lib = self.lib
        client = senders.kafka_client(lib, 0, {"bootstrap.servers": self.cluster.bootstrap, "log_level": 0})
        topic = ctypes.c_void_p(lib.rd_kafka_topic_new(client, b"orders", None))
        for value in values:
            size = ctypes.c_size_t(len(value) if value else 0)
            self.assertEqual(lib.rd_kafka_produce(topic, 0, 2, value, size, b"key", ctypes.c_size_t(3), None), 0)
        self.assertEqual(lib.rd_kafka_flush(client, 30000), 0)
        lib.rd_kafka_topic_destroy(topic)
        lib.rd_kafka_destroy(client)

    def letter(self, source, reason):
        def listed():
            out = run("dlq", "list", "--state", self.folder / "state", "--source", source, "--reason", reason,
                      "--format", "json", check=0).out
            return json.loads(out)["letters"]
        return self.wait(f"a dead letter {reason} of {source}", listed)

    # Attacks.

    def test_forward(self):
        self.go_on()
        for garbage in (os.urandom(4096).replace(b"\x93", b"\xc1"), b"\xc1" * 100, b"GET / HTTP/1.1\r\n\r\n"):
            with self.connect(self.fluent) as connection:
                connection.sendall(b"\xc1" + garbage)
                self.assertTrue(closed(connection), garbage[:20])
        with self.connect(self.fluent) as connection:  # truncated, then gone
            connection.sendall(chunk(entries(["x"] * 10), "torn")[:60])
        self.go_on()
        with self.connect(self.fluent) as connection:  # truncated inside: refused record by record, acknowledged
            connection.sendall(chunk(entries(["whole", "torn"])[:-3], "inside"))
            self.assertIn(b"inside", connection.recv(1000))
        self.lines["fluent"] += 1
        self.letter("fluent", "broken_chunk")
        with self.connect(self.fluent) as connection:
            connection.sendall(chunk(gzip.compress(b"\0" * (64 * MIB), 9), "bomb", compressed=True))
            self.assertIn(b"bomb", connection.recv(1000))
        self.letter("fluent", "decompressed_too_large")
        with self.connect(self.fluent) as connection:
            connection.sendall(b"\x93" + senders.packed("app") + b"\xc6" + struct.pack(">I", 2**31) + bytes(MIB))
            self.assertTrue(closed(connection))
        self.go_on()
        with self.connect(self.fluent) as slow:
            slow.sendall(chunk(entries(["x"] * 10), "slow")[:9])
            self.go_on()
            self.assertTrue(closed(slow))
        for words in ("bad_message", "too_large", "timeout"):
            self.assertIn(words, json.dumps(self.status()["fluent"]["counts"]) + self.log(), words)

    def test_wrong_keys_and_certificates(self):
        self.go_on()
        with self.assertRaises(PermissionError):
            self.shake(self.secured_connection("certs"), "open please")
        for certificates in ("foreign", None):
            with self.assertRaises((OSError, ssl.SSLError)):
                # TLS 1.3 tells a refused client only when it reads.
                with self.secured_connection(certificates) as connection:
                    if not connection.recv(1000):
                        raise OSError("closed")
        with self.connect(self.secured) as connection:
            connection.sendall(chunk(entries(["x"]), "plain"))
            self.assertTrue(closed(connection))
        with self.connect(self.secured) as silent:
            self.go_on()
            self.assertTrue(closed(silent))
        self.assertEqual(self.post(b"x", token="guess")[0], 401)
        self.go_on()
        counts = self.wait("refusals are counted", lambda: (
            c if (c := dict(self.status()["secured"]["counts"])).get("refused_handshakes") else None))
        self.assertGreaterEqual(counts["failed_tls"], 3)
        self.assertRegex(self.log(), r"secured.*127\.0\.0\.1")

    def test_http(self):
        self.go_on()
        status, answer = self.post(b'{"msg":"a"}\n{"msg":', Content_Type="application/json")
        self.assertEqual((status, "1" in answer), (400, True), answer)
        self.assertEqual(self.post(os.urandom(1000), Content_Type="application/json")[0], 400)
        self.assertEqual(self.post(b"no gzip", Content_Encoding="gzip")[0], 400)
        self.assertEqual(self.post(bytes(2 * MIB))[0], 413)
        self.assertEqual(self.post(gzip.compress(b"x" * (64 * MIB), 9), Content_Encoding="gzip")[0], 413)
        with self.connect(self.web) as head, self.connect(self.web) as body:
            head.sendall(b"POST / HT")
            body.sendall(f"POST / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 10\r\n\r\n123".encode())
            self.go_on()
            self.assertTrue(closed(head) and closed(body))
        self.go_on()

    def test_syslog(self):
        self.go_on()
        for garbage in (b"99999999999999999999 <14>x", os.urandom(10000).replace(b"\n", b"x"), b"\0" * 1000):
            with self.connect(self.tcp) as connection:
                connection.sendall(garbage)
                connection.shutdown(socket.SHUT_WR)
                closed(connection)
        self.go_on()

    def test_kafka(self):
        if not self.cluster:
            self.skipTest("no Java")
        self.go_on()
        self.produce([b"\0\0\0\0\7\2\1\0\x11\x12\0", None])
        self.letter("bus", "undecodable")
        self.letter("bus", "tombstone")
        self.go_on()
        self.wait("the unknown topic is told", lambda: re.search(r"kafka source bus: nowhere.*[Uu]nknown topic", self.log()))

    def test_unreadable_directory(self):
        self.go_on()
        self.assertIn(f"{self.folder}/locked", self.log() + json.dumps(self.status()["locked"]))
        (self.folder / "logs/binary.log").write_bytes(os.urandom(100_000))
        self.go_on()

    def test_zz_every_good_line_is_there_once(self):
        for source, lines in self.lines.items():
            self.wait(f"{lines} lines of {source}", lambda: self.status()[source]["lines"] >= lines)
        for source, status in self.status().items():
            if source in self.lines and source != "sys":  # syslog takes any bytes for a line
                self.assertEqual(status["lines"], self.lines.get(source, 0), source)
        most = re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{self.process.pid}/status").read_text())
        self.assertLess(int(most.group(1)) >> 10, 400, "MiB at most")


if __name__ == "__main__":
    harness.main()
