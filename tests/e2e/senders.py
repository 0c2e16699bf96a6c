"""Senders of the kill test: the same lines in every run, however often the receiver goes away.

Each sends `seconds` seconds of event time of its services, `wall` seconds long. `line` makes a service's line n.
"""
import ctypes, ctypes.util, http.client, json, socket, struct, threading, time

DEADLINE = 600  # seconds until a chunk or a request must be taken


class Pace:
    """How far the senders of one run may go, as a part of all. Whoever waits for it stops his clock."""

    def __init__(self):
        self.part, self.moved = 0, threading.Condition()

    def allow(self, part):
        with self.moved:
            self.part = part
            self.moved.notify_all()

    def wait_for(self, part):
        """Seconds that it took."""
        begin = time.monotonic()
        with self.moved:
            self.moved.wait_for(lambda: self.part >= part)
        return time.monotonic() - begin


class Sender(threading.Thread):
    """`plan`: object with seconds, wall, pace and block(service, second), a list of lines without newline."""

    def __init__(self, plan):
        super().__init__(daemon=True)
        self.plan, self.error = plan, None

    def run(self):
        try:
            self.begin()
            start = time.monotonic()
            for second in range(self.plan.seconds):
                start += self.plan.pace.wait_for(second / self.plan.seconds)
                self.send(second)
                time.sleep(max(0, start + self.plan.wall * second / self.plan.seconds - time.monotonic()))
            self.end()
        except BaseException as error:  # told by the main thread
            self.error = error

    def begin(self): pass
    def end(self): pass

    def finish(self, timeout):
        self.join(timeout)
        if self.is_alive() or self.error:
            raise AssertionError(f"{type(self).__name__} did not end: {self.error!r}")


class TailWriter(Sender):
    """One file per service; renamed and created anew four times."""
    services = ("svc0", "svc1", "svc2", "svc3")

    def __init__(self, plan, folder):
        super().__init__(plan)
        self.folder = folder

    def begin(self):
        self.files = {s: open(self.folder / f"{s}.log", "w") for s in self.services}

    def send(self, second):
        for service, file in self.files.items():
            file.write("\n".join(self.plan.block(service, second)) + "\n")
            file.flush()
        if second % 150 == 149:
            for service in self.services:
                path = self.folder / f"{service}.log"
                path.rename(self.folder / f"{service}.log.{second // 150}")
                self.files[service].close()
                self.files[service] = open(path, "w")

    def end(self):
        for file in self.files.values():
            file.close()


def librdkafka():
    """The library as ctypes, or None."""
    name = ctypes.util.find_library("rdkafka")
    if name is None:
        return None
    lib = ctypes.CDLL(name)
    for function in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_topic_new", "rd_kafka_consumer_poll",
                     "rd_kafka_topic_partition_list_new"):
        getattr(lib, function).restype = ctypes.c_void_p
    return lib


def kafka_client(lib, kind, settings):
    conf, error = ctypes.c_void_p(lib.rd_kafka_conf_new()), ctypes.create_string_buffer(512)
    for key, value in settings.items():
        if lib.rd_kafka_conf_set(conf, key.encode(), str(value).encode(), error, ctypes.c_size_t(512)) != 0:
            raise AssertionError(error.value.decode())
    client = lib.rd_kafka_new(kind, conf, error, ctypes.c_size_t(512))
    if not client:
        raise AssertionError(error.value.decode())
    return ctypes.c_void_p(client)


class KafkaProducer(Sender):
    """Several topics and partitions, one service each. Idempotent: a broker that is cut brings no message twice."""
    places = {"kfk0": ("orders", 0), "kfk1": ("orders", 1), "kfk2": ("orders", 2), "kfk3": ("web", 0), "kfk4": ("web", 1)}

    def __init__(self, plan, lib, bootstrap):
        super().__init__(plan)
        self.lib, self.bootstrap = lib, bootstrap

    def begin(self):
        lib = self.lib
        self.client = kafka_client(lib, 0, {
            "bootstrap.servers": self.bootstrap, "enable.idempotence": "true", "message.timeout.ms": 0,
            "linger.ms": 20, "compression.type": "lz4", "queue.buffering.max.messages": 1000000,
            "reconnect.backoff.max.ms": 500, "log_level": 0})
        self.topics = {name: ctypes.c_void_p(lib.rd_kafka_topic_new(self.client, name.encode(), None))
                       for name in {topic for topic, _ in self.places.values()}}

    def send(self, second):
        lib = self.lib
        for service, (topic, partition) in self.places.items():
            for text in self.plan.block(service, second):
                value = text.encode()
                while lib.rd_kafka_produce(self.topics[topic], partition, 2, value, ctypes.c_size_t(len(value)),
                                           None, ctypes.c_size_t(0), None) != 0:
                    lib.rd_kafka_poll(self.client, 50)  # the queue is full
        lib.rd_kafka_poll(self.client, 0)

    def end(self):
        if self.lib.rd_kafka_flush(self.client, 120000) != 0:
            raise AssertionError("kafka: not all messages were delivered")
        for topic in self.topics.values():
            self.lib.rd_kafka_topic_destroy(topic)
        self.lib.rd_kafka_destroy(self.client)


class PartitionList(ctypes.Structure):
    _fields_ = [("cnt", ctypes.c_int), ("size", ctypes.c_int), ("elems", ctypes.c_void_p)]


def assigned(lib, client):
    """How many partitions a consumer has."""
    partitions = ctypes.POINTER(PartitionList)()
    if lib.rd_kafka_assignment(client, ctypes.byref(partitions)) != 0:
        return 0
    count = partitions.contents.cnt
    lib.rd_kafka_topic_partition_list_destroy(partitions)
    return count


def join_and_leave(lib, bootstrap, group, topics, most):
    """A second member takes partitions away, reads for a second, commits nothing, and leaves. It is given `most` seconds
    for that. How many messages it read."""
    client = kafka_client(lib, 1, {
        "bootstrap.servers": bootstrap, "group.id": group, "enable.auto.commit": "false", "session.timeout.ms": 6000,
        "partition.assignment.strategy": "cooperative-sticky", "auto.offset.reset": "earliest", "log_level": 0})
    lib.rd_kafka_poll_set_consumer(client)
    wanted = ctypes.c_void_p(lib.rd_kafka_topic_partition_list_new(len(topics)))
    for topic in topics:
        lib.rd_kafka_topic_partition_list_add(wanted, topic.encode(), -1)
    lib.rd_kafka_subscribe(client, wanted)
    lib.rd_kafka_topic_partition_list_destroy(wanted)
    end, read, has = time.monotonic() + most, 0, False
    while time.monotonic() < end:
        message = lib.rd_kafka_consumer_poll(client, 100)
        if not has and assigned(lib, client) > 0:
            has, end = True, time.monotonic() + 1
        if message:
            # err is the first member of rd_kafka_message_t.
            read += ctypes.cast(message, ctypes.POINTER(ctypes.c_int)).contents.value == 0
            lib.rd_kafka_message_destroy(ctypes.c_void_p(message))
    lib.rd_kafka_consumer_close(client)
    lib.rd_kafka_destroy(client)
    return read


def packed(text):
    data = text.encode()
    head = bytes([0xa0 | len(data)]) if len(data) < 32 else (
        b"\xd9" + struct.pack(">B", len(data)) if len(data) < 256 else b"\xda" + struct.pack(">H", len(data)))
    return head + data


class ForwardSender(Sender):
    """PackedForward with chunk ids; a chunk that is not acknowledged is sent again, some that are are so too."""
    tags = ("fwd0", "fwd1")

    def __init__(self, plan, port, duplicates):
        super().__init__(plan)
        self.port, self.duplicates, self.connection, self.again = port, duplicates, None, 0

    def send(self, second):
        for tag in self.tags:
            # fluentd's EventTime, then the record.
            entries = b"".join(b"\x92\xd7\x00" + struct.pack(">II", self.plan.start + second, n) +
                               b"\x82" + packed("service") + packed(tag) + packed("log") + packed(text)
                               for n, text in enumerate(self.plan.block(tag, second)))
            chunk = f"{tag}-{second:05d}"
            message = (b"\x93" + packed(tag) + b"\xc6" + struct.pack(">I", len(entries)) + entries +
                       b"\x81" + packed("chunk") + packed(chunk))
            self.deliver(message, chunk)
            if self.duplicates and second % 7 == 0:
                self.deliver(message, chunk)
                self.again += 1

    def deliver(self, message, chunk):
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            try:
                if self.connection is None:
                    self.connection = socket.create_connection(("127.0.0.1", self.port), 2)
                    self.connection.settimeout(30)
                self.connection.sendall(message)
                answer, wanted = b"", b"\x81" + packed("ack") + packed(chunk)
                while len(answer) < len(wanted):
                    got = self.connection.recv(len(wanted) - len(answer))
                    if not got:
                        raise OSError("closed")
                    answer += got
                if answer != wanted:
                    raise AssertionError(f"acknowledged {answer!r}, expected {wanted!r}")
                return
            except OSError:
                if self.connection is not None:
                    self.connection.close()
                self.connection = None
                time.sleep(0.05)
        raise AssertionError(f"chunk {chunk} was not acknowledged")

    def end(self):
        if self.connection is not None:
            self.connection.close()


class HttpSender(Sender):
    """Posts that are sent again until they are answered by 200, some after that too: one service as JSON lines under an
    Idempotency-Key, one as OTLP, where the bytes themselves are the key."""

    def __init__(self, plan, port, duplicates):
        super().__init__(plan)
        self.port, self.duplicates, self.connection, self.again = port, duplicates, None, 0

    def send(self, second):
        lines = self.plan.block("htp0", second)
        requests = [("/shop/htp0", {"Content-Type": "application/x-ndjson", "Idempotency-Key": f"htp0-{second}"},
                     "\n".join(lines)),
                    ("/v1/logs", {"Content-Type": "application/json"}, self.otlp("htp1", second))]
        for request in requests:
            self.deliver(*request)
            if self.duplicates and second % 7 == 0:
                self.deliver(*request)
                self.again += 1

    def otlp(self, service, second):
        records = []
        for line in map(json.loads, self.plan.block(service, second)):
            nanos = (self.plan.start + second) * 10**9 + int(line["time"][20:26]) * 1000
            records.append(f'{{"timeUnixNano":"{nanos}","severityNumber":{17 if line["level"] == "error" else 9},'
                           f'"body":{{"stringValue":{json.dumps(line["msg"])}}}}}')
        return ('{"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"%s"}}]},'
                '"scopeLogs":[{"logRecords":[%s]}]}]}' % (service, ",".join(records)))

    def deliver(self, path, headers, body):
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
                self.connection.request("POST", path, body, headers)
                answer = self.connection.getresponse()
                text = answer.read()
                if answer.status == 200:
                    return
                if answer.status != 503:
                    raise AssertionError(f"{path}: {answer.status} {text[:300]!r}")
            except (OSError, http.client.HTTPException):
                self.connection.close()
                self.connection = None
            time.sleep(0.05)
        raise AssertionError(f"{path} was not answered by 200")

    def end(self):
        if self.connection is not None:
            self.connection.close()
