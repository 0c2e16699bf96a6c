#include "bench/gen/plain_styles.h"

#include <algorithm>
#include <cstring>

namespace culprit::bench {

const std::vector<Style>& PlainStyles() {
  static const std::vector<Style> styles = {
      {"checkout",
       "%Y-%m-%d %H:%M:%S.{ms}  {level} {n} --- [nio-8080-exec-{d}] ",
       {"c.s.checkout.{word}.{word}Handler : {prose} {n}",
        "{word} c.s.checkout.{word}.{word}Handler : {prose} {n}",
        "c.s.checkout.{word}.{word}Handler : {prose} {n}",
        "c.s.checkout.web.CartController : cart {uuid} holds {n} items",
        "c.s.checkout.price.PriceClient : fetched {n} prices in {d}2 ms from {ip}:{port}",
        "o.h.engine.jdbc.batch.BatchingBatch : flushed batch of {n} statements",
        "c.s.checkout.order.OrderService : order {n} accepted for customer {hex}",
        "o.s.web.servlet.DispatcherServlet : completed 200 OK, {n} bytes",
        "c.s.checkout.audit.AuditWriter : wrote entry {uuid} to ledger segment {n}"}},
      {"web",
       "{ip} - - [%d/%b/%Y:%H:%M:%S +0000] ",
       {"\"GET /{word}/{word}/{prose} HTTP/1.1\" 200 {n} \"-\" \"curl/7.{d}\"",
        "\"GET /{word}/{word}/{prose} HTTP/1.1\" 200 {n} \"-\" \"curl/7.{d}\"",
        "\"GET /api/v2/items/{n}?page={d} HTTP/1.1\" 200 {n} \"https://shop.example/list\" "
        "\"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\"",
        "\"POST /api/v2/cart HTTP/1.1\" 201 {n} \"-\" \"okhttp/4.9.{d}\"",
        "\"GET /static/js/app.{hex}.js HTTP/2.0\" 304 0 \"https://shop.example/\" "
        "\"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)\"",
        "\"GET /healthz HTTP/1.1\" 200 2 \"-\" \"kube-probe/1.2{d}\""}},
      {"kernel",
       "%b %e %H:%M:%S node-{d}{d} kernel: [{n}.{us}] ",
       {"{word}: {prose} {hex}", "{word} {word}: {prose} {hex}", "{word}: {prose} {hex}",
        "IPv4: eth{d}: link becomes ready",
        "audit: type=1400 audit({epoch}.{ms}:{n}): apparmor=\"STATUS\" operation=\"profile_load\" "
        "name=\"docker-default\" pid={n}",
        "EXT4-fs (dm-{d}): mounted filesystem with ordered data mode. Opts: (null)",
        "device veth{hex} entered promiscuous mode",
        "docker0: port {d}(veth{hex}) entered "
        "forwarding state"}},
      {"sshd",
       "%b %e %H:%M:%S bastion-{d} sshd[{n}]: ",
       {"{prose} for {word} from {ip} port {port}",
        "{word} {prose} for {word} from {ip} port {port}",
        "{prose} for {word} from {ip} port {port}",
        "Accepted publickey for deploy from {ip} port {port} ssh2: RSA SHA256:{hex}{hex}",
        "pam_unix(sshd:session): session opened for user deploy by (uid=0)",
        "Received disconnect from {ip} port {port}:11: disconnected by user",
        "pam_unix(sshd:session): session closed for user deploy"}},
      {"namenode",
       "%y%m%d %H%M%S {n} {level} ",
       {"dfs.{word}.{word}: {prose} blk_{n}{n}", "{word} dfs.{word}.{word}: {prose} blk_{n}{n}",
        "dfs.{word}.{word}: {prose} blk_{n}{n}",
        "dfs.DataNode$PacketResponder: PacketResponder {d} for block blk_{n}{n} terminating",
        "dfs.FSNamesystem: BLOCK* NameSystem.addStoredBlock: blockMap updated: {ip}:50010 is "
        "added to blk_{n}{n} size {n}",
        "dfs.DataNode$DataXceiver: Receiving block blk_{n}{n} src: /{ip}:{port} dest: "
        "/{ip}:50010"}},
      {"zookeeper",
       "%Y-%m-%d %H:%M:%S,{ms} [myid:{d}] - {level}  ",
       {"[{word}:{word}@{n}] - {prose}", "{word} [{word}:{word}@{n}] - {prose}",
        "[{word}:{word}@{n}] - {prose}",
        "[NIOServerCxn.Factory:0.0.0.0/0.0.0.0:2181:NIOServerCnxnFactory@197] - Accepted socket "
        "from /{ip}:{port}",
        "[ProcessThread(sid:{d} cport:-1)::PrepRequestProcessor@487] - Processed session "
        "termination for sessionid: 0x{hex}{hex}",
        "[QuorumPeer[myid={d}]/0.0.0.0:2181:FastLeaderElection@774] - Notification time out: "
        "{n}"}},
      {"compute",
       "%Y-%m-%d %H:%M:%S.{ms} {n} {level} ",
       {"nova.{word}.{word} [req-{uuid}] {prose} {uuid}",
        "{word} nova.{word}.{word} [req-{uuid}] {prose} {uuid}",
        "nova.{word}.{word} [req-{uuid}] {prose} {uuid}",
        "nova.osapi_compute.wsgi.server [req-{uuid} tempest admin - - -] {ip} \"GET "
        "/v2/{hex}{hex}/servers/detail HTTP/1.1\" status: 200 len: {n} time: 0.{us}",
        "nova.compute.manager [req-{uuid} - - - - -] [instance: {uuid}] VM Resumed (Lifecycle "
        "Event)",
        "nova.virt.libvirt.imagecache [req-{uuid} - - - - -] image {uuid} at "
        "(/var/lib/nova/instances/_base/{hex}): checking"}},
      {"executor",
       "%y/%m/%d %H:%M:%S {level} ",
       {"{word}.{word}: {prose} (TID {n})", "{word} {word}.{word}: {prose} (TID {n})",
        "{word}.{word}: {prose} (TID {n})",
        "executor.Executor: Finished task {d}.0 in stage {n}.0 (TID {n}). {n} bytes result sent "
        "to driver",
        "storage.MemoryStore: Block broadcast_{n} stored as values in memory (estimated size "
        "{d}.{d} KB, free {n}.2 KB)",
        "storage.BlockManager: Found block rdd_{n}_{d} locally",
        "python.PythonRunner: Times: total = {n}, boot = {d}, init = 2{d}, finish = {d}"}},
      {"broker",
       "[%Y-%m-%d %H:%M:%S,{ms}] {level} ",
       {"[{word} {n}] {prose} (kafka.{word}.{word})",
        "{word} [{word} {n}] {prose} (kafka.{word}.{word})",
        "[{word} {n}] {prose} (kafka.{word}.{word})",
        "[Log partition=orders-{d}, dir=/var/lib/kafka] Rolled new log segment at offset {n} in "
        "{d} ms. (kafka.log.Log)",
        "[GroupCoordinator {d}]: Stabilized group billing-{d} generation {n} "
        "(__consumer_offsets-{d}) (kafka.coordinator.group.GroupCoordinator)",
        "[ProducerStateManager partition=events-{d}] Writing producer snapshot at offset {n} "
        "(kafka.log.ProducerStateManager)"}},
      {"database",
       "%Y-%m-%d %H:%M:%S.{ms} UTC [{n}] ",
       {"LOG:  {prose} {n}", "{word} LOG:  {prose} {n}", "LOG:  {prose} {n}",
        "LOG:  checkpoint complete: wrote {n} buffers (0.{d}%); 0 WAL file(s) added, {d} removed, "
        "{d} recycled; write={n}.{ms} s, sync=0.0{d} s",
        "LOG:  connection received: host={ip} port={port}",
        "LOG:  automatic vacuum of table \"shop.public.orders\": index scans: {d}, pages: {d} "
        "removed, {n} remain",
        "LOG:  duration: {d}.{ms} ms  statement: SELECT id, total FROM orders WHERE customer = "
        "{n}"}},
      {"kubelet",
       "I%m%d %H:%M:%S.{us} {n} ",
       {"{word}.go:{n}] \"{prose}\" pod=\"prod/{svc}-{hex}\"",
        "{word} {word}.go:{n}] \"{prose}\" pod=\"prod/{svc}-{hex}\"",
        "{word}.go:{n}] \"{prose}\" pod=\"prod/{svc}-{hex}\"",
        "reconciler.go:224] \"operationExecutor.VerifyControllerAttachedVolume started for volume "
        "config (UniqueName: kubernetes.io/configmap/{uuid}-config)\"",
        "kubelet.go:2124] \"SyncLoop (PLEG): event for pod\" pod=\"prod/{svc}-{hex}\" "
        "event=&{ID:{uuid} Type:ContainerStarted}",
        "trace.go:205] Trace[{n}]: \"List etcd3\" key:/pods/prod (total time: {n}ms)"}},
      {"gateway",
       "time=\"%Y-%m-%dT%H:%M:%SZ\" level=info ",
       {"msg=\"{prose}\" {word}={n} {word}={word}", "msg=\"{prose}\" {word}={n} {word}={word}",
        "msg=\"request served\" method=GET path=/orders/{n} status=200 took={d}.{ms}ms "
        "trace={hex}{hex}",
        "msg=\"route table reloaded\" routes={n} version={hex}",
        "msg=\"upstream added\" upstream={ip}:{port} weight={d}"}},
      {"worker",
       "%Y-%m-%d %H:%M:%S,{ms} - {svc}.tasks - {level} - ",
       {"{prose} [{uuid}]", "{word} {prose} [{uuid}]", "{prose} [{uuid}]",
        "Task mail.send_receipt[{uuid}] received",
        "Task mail.send_receipt[{uuid}] succeeded in 0.{us}s: None",
        "prefetched {n} messages from queue default@{ip}"}},
      {"cache",
       "{n}:M %d %b %Y %H:%M:%S.{ms} * ",
       {"{prose} {ip}:{port}", "{word} {prose} {ip}:{port}", "{prose} {ip}:{port}",
        "{n} changes in 300 seconds. Saving...", "Background saving started by pid {n}",
        "DB saved on disk", "RDB: {d} MB of memory used by copy-on-write",
        "Synchronization with replica {ip}:{port} succeeded"}},
      {"agent",
       "%Y-%m-%d %H:%M:%S, {level}                  ",
       {"CBS    {prose} {n}_{n}", "{word} CBS    {prose} {n}_{n}", "CBS    {prose} {n}_{n}",
        "CBS    SQM: Initializing online with Windows opt-in: False",
        "CBS    Session: {n}_{n} initialized by client WindowsUpdateAgent.",
        "CSI    {hex} [SR] Verifying {n} (0x{hex}) components"}},
      {"orders",
       "%Y-%m-%dT%H:%M:%S.{us}Z {level} [{svc}] ",
       {"{prose} {word}={n} {word}={hex}", "{word} {prose} {word}={n} {word}={hex}",
        "{prose} {word}={n} {word}={hex}", "order={n} state=paid amount={n}.{d}{d} currency=EUR",
        "GET /v1/orders/{n} -> 200 in {n}us (client {ip})",
        "consumer lag {d} on partition {d}, committed offset {n}",
        "lease {hex} renewed for {n} ms by {word}"}},
  };
  return styles;
}

const std::vector<const char*>& FailureHeaders() {
  static const std::vector<const char*> headers = {
      "%Y-%m-%d %H:%M:%S,{ms} ERROR [{svc}] ",
      "%b %e %H:%M:%S node-{d}{d} {svc}[{n}]: ", "%Y-%m-%dT%H:%M:%S.{ms}Z level=error svc={svc} "};
  return headers;
}

void AppendNumber(uint64_t number, int width, std::string* out) {
  char digits[20];
  int count = 0;
  do digits[19 - count++] = static_cast<char>('0' + number % 10);
  while (number /= 10);
  while (count < width) digits[19 - count++] = '0';
  out->append(digits + 20 - count, static_cast<size_t>(count));
}

namespace {

void AppendHex(uint64_t bits, int digits, std::string* out) {
  for (int i = 0; i < digits; ++i, bits >>= 4) *out += "0123456789abcdef"[bits & 15];
}

constexpr const char* kWords[] = {
    "accept",   "account",     "acquire",  "active",     "actor",     "adapter",   "address",
    "adjust",   "admin",       "advance",  "agent",      "alias",     "allocate",  "amount",
    "analyze",  "answer",      "append",   "apply",      "archive",   "arrive",    "assign",
    "attach",   "attempt",     "audit",    "backup",     "balance",   "bandwidth", "base",
    "batch",    "begin",       "bind",     "block",      "body",      "boot",      "branch",
    "bridge",   "broker",      "browser",  "bucket",     "buffer",    "build",     "bundle",
    "bytes",    "cache",       "call",     "cancel",     "capacity",  "carry",     "catalog",
    "chain",    "change",      "channel",  "charge",     "check",     "checksum",  "child",
    "choose",   "chunk",       "claim",    "class",      "clean",     "client",    "clock",
    "clone",    "close",       "cluster",  "code",       "collect",   "column",    "command",
    "commit",   "compact",     "compare",  "complete",   "component", "compress",  "compute",
    "config",   "confirm",     "connect",  "connection", "consume",   "container", "content",
    "context",  "continue",    "control",  "convert",    "cookie",    "copy",      "core",
    "count",    "counter",     "create",   "credential", "current",   "cursor",    "customer",
    "cycle",    "daemon",      "data",     "database",   "date",      "deadline",  "debug",
    "decode",   "default",     "defer",    "delay",      "delete",    "deliver",   "demand",
    "deploy",   "depth",       "derive",   "describe",   "detach",    "detect",    "device",
    "digest",   "directory",   "disable",  "disk",       "dispatch",  "display",   "document",
    "domain",   "done",        "down",     "download",   "drain",     "driver",    "drop",
    "duration", "edge",        "edit",     "elect",      "element",   "empty",     "enable",
    "encode",   "end",         "endpoint", "engine",     "enqueue",   "enter",     "entity",
    "entry",    "epoch",       "error",    "establish",  "estimate",  "evaluate",  "event",
    "evict",    "exceed",      "exchange", "execute",    "exist",     "exit",      "expand",
    "expect",   "expire",      "explicit", "export",     "expose",    "extend",    "external",
    "fail",     "failed",      "fallback", "fetch",      "field",     "file",      "filter",
    "final",    "find",        "finish",   "first",      "flag",      "flush",     "folder",
    "follow",   "force",       "format",   "forward",    "frame",     "free",      "frequency",
    "full",     "gateway",     "generate", "global",     "grant",     "graph",     "group",
    "guard",    "handle",      "handler",  "handshake",  "hash",      "header",    "health",
    "heap",     "heartbeat",   "hint",     "history",    "hold",      "hook",      "host",
    "idle",     "image",       "import",   "include",    "index",     "info",      "init",
    "initial",  "insert",      "inspect",  "install",    "instance",  "interval",  "invoke",
    "item",     "job",         "join",     "keep",       "kernel",    "key",       "label",
    "last",     "latency",     "launch",   "layer",      "leader",    "lease",     "leave",
    "length",   "level",       "limit",    "line",       "link",      "list",      "listen",
    "load",     "local",       "lock",     "log",        "logger",    "lookup",    "loop",
    "machine",  "main",        "manage",   "manager",    "map",       "mark",      "master",
    "match",    "maximum",     "member",   "memory",     "merge",     "message",   "metadata",
    "method",   "metric",      "migrate",  "minimum",    "mirror",    "missing",   "mode",
    "model",    "module",      "monitor",  "mount",      "move",      "name",      "network",
    "next",     "node",        "none",     "note",       "notify",    "null",      "number",
    "object",   "offset",      "open",     "operation",  "option",    "order",     "origin",
    "output",   "owner",       "packet",   "page",       "parent",    "parse",     "partition",
    "pass",     "path",        "pause",    "peer",       "pending",   "period",    "permission",
    "persist",  "phase",       "ping",     "plan",       "plugin",    "point",     "policy",
    "poll",     "pool",        "port",     "prefix",     "prepare",   "primary",   "priority",
    "probe",    "process",     "produce",  "profile",    "promote",   "proxy",     "publish",
    "pull",     "purge",       "push",     "query",      "queue",     "quota",     "random",
    "range",    "rate",        "read",     "ready",      "rebalance", "receive",   "record",
    "recover",  "redirect",    "reduce",   "reference",  "refresh",   "region",    "register",
    "reject",   "release",     "reload",   "remote",     "remove",    "rename",    "render",
    "renew",    "replay",      "replica",  "reply",      "report",    "request",   "reserve",
    "reset",    "resize",      "resolve",  "resource",   "response",  "restart",   "restore",
    "result",   "resume",      "retry",    "return",     "revoke",    "role",      "roll",
    "root",     "rotate",      "route",    "row",        "rule",      "run",       "sample",
    "save",     "scale",       "scan",     "schedule",   "schema",    "scope",     "score",
    "search",   "secret",      "section",  "segment",    "select",    "send",      "sequence",
    "serial",   "server",      "service",  "session",    "set",       "setting",   "setup",
    "shard",    "share",       "shutdown", "signal",     "size",      "skip",      "slot",
    "snapshot", "socket",      "source",   "space",      "split",     "stage",     "start",
    "state",    "status",      "step",     "stop",       "storage",   "store",     "stream",
    "submit",   "subscribe",   "success",  "suffix",     "sync",      "system",    "table",
    "tag",      "target",      "task",     "template",   "tenant",    "thread",    "ticket",
    "time",     "timeout",     "timer",    "token",      "topic",     "trace",     "track",
    "traffic",  "transaction", "transfer", "trigger",    "type",      "unit",      "unlock",
    "update",   "upgrade",     "upload",   "upstream",   "usage",     "user",      "validate",
    "value",    "version",     "view",     "visit",      "volume",    "wait",      "wake",
    "warm",     "watch",       "weight",   "window",     "worker",    "write",     "zone"};
constexpr const char* kLevels[] = {"INFO", "INFO", "INFO", "INFO", "INFO", "DEBUG", "INFO", "WARN"};

bool FillSlot(std::string_view name, const Moment& moment, std::string_view service, Rng& rng,
              std::string* out) {
  if (name == "n") {
    AppendNumber(1 + rng.Below(rng.Below(2) != 0 ? 99'999 : 999), 1, out);
  } else if (name == "d") {
    *out += static_cast<char>('0' + rng.Below(10));
  } else if (name == "ip") {
    *out += "10.";
    AppendNumber(rng.Below(256), 1, out);
    *out += '.';
    AppendNumber(rng.Below(256), 1, out);
    *out += '.';
    AppendNumber(1 + rng.Below(254), 1, out);
  } else if (name == "port") {
    AppendNumber(1024 + rng.Below(60'000), 1, out);
  } else if (name == "hex") {
    AppendHex(rng.Next(), 8, out);
  } else if (name == "uuid") {
    for (const int digits : {8, 4, 4, 4, 12}) {
      if (digits == 4 || digits == 12) *out += '-';
      AppendHex(rng.Next(), digits, out);
    }
  } else if (name == "svc") {
    *out += service;
  } else if (name == "ms") {
    AppendNumber(static_cast<uint64_t>(moment.micros / 1000), 3, out);
  } else if (name == "us") {
    AppendNumber(static_cast<uint64_t>(moment.micros), 6, out);
  } else if (name == "epoch") {
    AppendNumber(static_cast<uint64_t>(moment.seconds), 1, out);
  } else if (name == "word") {
    *out += rng.Pick(kWords);
  } else if (name == "prose") {
    *out += rng.Pick(kWords);
    for (uint32_t i = 2 + rng.Below(7); i > 0; --i) (*out += ' ') += rng.Pick(kWords);
  } else if (name == "level") {
    *out += rng.Pick(kLevels);
  } else {
    return false;
  }
  return true;
}

}  // namespace

void FillSlots(std::string_view text, const Moment& moment, std::string_view service, Rng& rng,
               std::string* out) {
  while (!text.empty()) {
    const size_t open = std::min(text.find('{'), text.size());
    out->append(text.substr(0, open));
    text.remove_prefix(open);
    if (text.empty()) return;
    const size_t close = text.find('}');
    if (close != text.npos && FillSlot(text.substr(1, close - 1), moment, service, rng, out)) {
      text.remove_prefix(close + 1);
    } else {
      *out += '{';
      text.remove_prefix(1);
    }
  }
}

}  // namespace culprit::bench
