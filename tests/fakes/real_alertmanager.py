#!/usr/bin/env python3
"""Runs a real Prometheus Alertmanager until standard input ends; prints its port, or 0 if there is none here.

Looked for in PATH and below build/peers, where ./dev setup test unpacks Debian's.
"""
import os, pathlib, shutil, subprocess, sys, tempfile, time, urllib.request

from ports import free_ports

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = shutil.which("prometheus-alertmanager", path=f"{ROOT}/build/peers/usr/bin") or shutil.which("prometheus-alertmanager")
if BINARY is None:
    print(0, flush=True)
    sys.exit()
[port] = free_ports(1)
with tempfile.TemporaryDirectory() as folder:
    config = pathlib.Path(folder) / "alertmanager.yml"
    config.write_text("route: { receiver: none }\nreceivers: [ { name: none } ]\n")
    # Debian's program reads its templates from /usr/share alone: unpacked elsewhere, it gets a view of the files in which
    # they are there.
    share = pathlib.Path("/usr/share/prometheus/alertmanager")
    inside = []
    if not (share / "default.tmpl").exists():
        mounts = (f"mount -t tmpfs none /usr/share && mkdir -p {share} && mount --bind {ROOT}/build/peers{share} {share} "
                  '&& exec "$0" "$@"')
        who = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        inside = ["unshare", *who, "--mount", "sh", "-c", mounts]
    process = subprocess.Popen([*inside, BINARY, f"--config.file={config}", f"--storage.path={folder}/data", "--cluster.listen-address=",
                                f"--web.listen-address=127.0.0.1:{port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(2400):
            if process.poll() is not None:
                port = 0  # no right to mount here
                break
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=1)
                break
            except OSError:
                time.sleep(0.05)
        print(port, flush=True)
        sys.stdin.read()
    finally:
        process.kill()
        process.wait()
