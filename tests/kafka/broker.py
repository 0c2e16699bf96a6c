#!/usr/bin/env python3
"""A real Apache Kafka (KRaft) for tests: one or three brokers on loopback, optionally with SASL over TLS.

    tests/kafka/broker.py start [--brokers 3] [--secure] [--dir build/kafka/run]   prints the bootstrap servers
    tests/kafka/broker.py stop | status [--dir ...]

As a module: `with Cluster(directory) as cluster: ... cluster.bootstrap`. Needs Java 17 and Maven (./dev setup test
sees to both); the jars come once from Maven Central into build/kafka/libs. The brokers live as long as somebody stops
them; the data is thrown away at each start.
"""
import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests/fakes"))
from ports import free_ports

LIBS = ROOT / "build/kafka/libs"
USER, PASSWORD = "culprit", "culprit-secret"
# A test broker, not a fast one: small heap, little compilation.
JAVA = ["java", f"-Dlog4j.configuration=file:{HERE}/log4j.properties", "-Xmx320m", "-Xms64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"]


def fetch():
    """Fetches the jars once. Safe if several tests ask at the same time."""
    if (LIBS / "done").exists():
        return
    LIBS.parent.mkdir(parents=True, exist_ok=True)
    part = LIBS.parent / f"libs.{os.getpid()}"
    subprocess.run(["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies",
                    f"-Dculprit.libs={part}"], check=True, stdout=sys.stderr)
    (part / "done").touch()
    try:
        part.rename(LIBS)
    except OSError:  # another one was faster, or an unfinished copy stands there
        if not (LIBS / "done").exists():
            shutil.rmtree(LIBS, ignore_errors=True)
            part.rename(LIBS)
        shutil.rmtree(part, ignore_errors=True)


def java(main, *args, **kwargs):
    return subprocess.run(JAVA + ["-cp", f"{LIBS}/*", main, *map(str, args)], check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kwargs).stdout


def make_certificates(directory):
    """A CA, and a server key for localhost, as PEM files."""
    def openssl(*args):
        subprocess.run(["openssl", *args], check=True, cwd=directory, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
    (directory / "san.cnf").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2",
            "-subj", "/CN=culprit test CA")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr", "-subj",
            "/CN=localhost")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out",
            "server.pem", "-days", "2", "-extfile", "san.cnf")
    (directory / "keystore.pem").write_text((directory / "server.key").read_text() +
                                            (directory / "server.pem").read_text())


class Cluster:
    """`bootstrap`: plaintext servers. With secure=True also `secure_bootstrap` (SASL_SSL, PLAIN or SCRAM-SHA-256,
    user and password as the constants above, CA in `ca`)."""

    def __init__(self, directory=None, brokers=1, secure=False):
        self.directory = Path(directory or ROOT / "build/kafka/run").resolve()
        self.brokers, self.secure = brokers, secure
        self.ca = self.directory / "ca.pem"
        self.processes = {}

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self, timeout=120):
        fetch()
        stop(self.directory)
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        if self.secure:
            make_certificates(self.directory)
        ids = range(1, self.brokers + 1)
        ports = free_ports(3 * self.brokers)
        self.plain = {i: ports[3 * (i - 1)] for i in ids}
        control = {i: ports[3 * (i - 1) + 1] for i in ids}
        self.sasl = {i: ports[3 * (i - 1) + 2] for i in ids}
        self.bootstrap = ",".join(f"127.0.0.1:{p}" for p in self.plain.values())
        self.secure_bootstrap = ",".join(f"localhost:{p}" for p in self.sasl.values())
        cluster_id = "Y3VscHJpdC10ZXN0LTAwMQ"
        for i in ids:
            listeners = {"PLAINTEXT": f"127.0.0.1:{self.plain[i]}", "CONTROLLER": f"127.0.0.1:{control[i]}"}
            properties = {
                "process.roles": "broker,controller", "node.id": i,
                "controller.quorum.voters": ",".join(f"{k}@127.0.0.1:{p}" for k, p in control.items()),
                "controller.listener.names": "CONTROLLER", "inter.broker.listener.name": "PLAINTEXT",
                "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_SSL",
                "log.dirs": self.directory / f"data{i}", "num.partitions": 3,
                "offsets.topic.replication.factor": min(3, self.brokers), "offsets.topic.num.partitions": 4,
                "transaction.state.log.replication.factor": min(3, self.brokers),
                "transaction.state.log.min.isr": 1, "transaction.state.log.num.partitions": 4,
                "default.replication.factor": min(3, self.brokers),
                "group.initial.rebalance.delay.ms": 0, "auto.create.topics.enable": "true",
                "log.flush.interval.messages": 10**9, "num.network.threads": 2, "num.io.threads": 2,
                "log.cleaner.dedupe.buffer.size": 2 * 1024 * 1024, "controlled.shutdown.enable": "true",
            }
            if self.secure:
                listeners["SASL"] = f"localhost:{self.sasl[i]}"
                properties |= {
                    "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256",
                    "ssl.keystore.type": "PEM", "ssl.keystore.location": self.directory / "keystore.pem",
                    "listener.name.sasl.plain.sasl.jaas.config":
                        "org.apache.kafka.common.security.plain.PlainLoginModule required "
                        f'user_{USER}="{PASSWORD}";',
                    "listener.name.sasl.scram-sha-256.sasl.jaas.config":
                        "org.apache.kafka.common.security.scram.ScramLoginModule required;",
                }
            properties["listeners"] = ",".join(f"{k}://{v}" for k, v in listeners.items())
            properties["advertised.listeners"] = ",".join(f"{k}://{v}" for k, v in listeners.items()
                                                          if k != "CONTROLLER")
            (self.directory / f"broker{i}.properties").write_text(
                "".join(f"{k}={v}\n" for k, v in properties.items()))
            users = ["--add-scram", f"SCRAM-SHA-256=[name={USER},password={PASSWORD}]"] if self.secure else []
            java("kafka.tools.StorageTool", "format", "-t", cluster_id, "-c",
                 self.directory / f"broker{i}.properties", *users)
        for i in ids:
            self.start_broker(i)
        state = {"bootstrap": self.bootstrap, "pids": {i: p.pid for i, p in self.processes.items()}}
        if self.secure:
            state["secure_bootstrap"] = self.secure_bootstrap
        (self.directory / "state.json").write_text(json.dumps(state))
        deadline = time.monotonic() + timeout
        for i in ids:
            self.wait(i, deadline)
        return self

    def start_broker(self, i):
        with open(self.directory / f"broker{i}.log", "ab") as log:
            self.processes[i] = subprocess.Popen(
                JAVA + ["-cp", f"{LIBS}/*", "kafka.Kafka", str(self.directory / f"broker{i}.properties")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    def wait(self, i, deadline):
        """Until the broker takes connections."""
        while True:
            if self.processes[i].poll() is not None:
                tail = (self.directory / f"broker{i}.log").read_text()[-3000:]
                raise RuntimeError(f"kafka broker {i} ended with {self.processes[i].returncode}:\n{tail}")
            try:
                socket.create_connection(("127.0.0.1", self.plain[i]), 1).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise RuntimeError(f"kafka broker {i} does not listen on {self.plain[i]}") from None
                time.sleep(.2)

    def kill_broker(self, i):
        """As a power cut would; start_broker(i) brings it back with its data."""
        self.processes[i].kill()
        self.processes[i].wait()

    def create_topic(self, name, partitions=3):
        java("org.apache.kafka.tools.TopicCommand", "--bootstrap-server", self.bootstrap, "--create",
             "--if-not-exists", "--topic", name, "--partitions", partitions)

    def stop(self):
        for process in self.processes.values():
            process.kill()
            process.wait()
        self.processes = {}
        (self.directory / "state.json").unlink(missing_ok=True)


def stop(directory):
    """Brokers that an earlier run left behind."""
    state = Path(directory) / "state.json"
    if not state.exists():
        return False
    for pid in json.loads(state.read_text())["pids"].values():
        try:
            if b"kafka.Kafka" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)
        except OSError:
            pass
    state.unlink()
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["start", "stop", "status", "fetch"])
    parser.add_argument("--brokers", type=int, default=1, choices=[1, 3])
    parser.add_argument("--secure", action="store_true", help="a second listener with SASL over TLS")
    parser.add_argument("--dir", default=str(ROOT / "build/kafka/run"))
    args = parser.parse_args()
    if args.command == "fetch":
        fetch()
    elif args.command == "start":
        cluster = Cluster(args.dir, args.brokers, args.secure).start()
        print(cluster.bootstrap)
        if args.secure:
            print(f"{cluster.secure_bootstrap}  SASL_SSL, user {USER}, password {PASSWORD}, CA {cluster.ca}")
    elif args.command == "stop":
        print("stopped" if stop(args.dir) else "no broker is running")
    else:
        state = Path(args.dir) / "state.json"
        print(state.read_text() if state.exists() else "no broker is running")
        return 0 if state.exists() else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
