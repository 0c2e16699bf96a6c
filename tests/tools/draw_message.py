#!/usr/bin/env python3
"""Draws what a person sees: the demo incident through `culprit run` to the fakes of Slack and PagerDuty, photographed by a
browser without a screen.

usage: draw_message.py CULPRIT OUTPUT_DIR   writes message-desktop.png, message-phone.png, alert-phone.png
"""
import pathlib, shutil, subprocess, sys, tempfile, time, urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars", "--disable-background-networking"]
LOGS = ROOT / "patterns/packs/placeos/scenarios/etcd-outage/logs"


def fake(script):
    process = subprocess.Popen([sys.executable, ROOT / "tests/fakes" / script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    return process, f"http://127.0.0.1:{process.stdout.readline().strip()}"


def page(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read().decode()


def draw(url, file, width, height, scale, folder):
    subprocess.run([CHROMIUM, *FLAGS, f"--user-data-dir={folder}/browser", f"--window-size={width},{height}",
                    f"--force-device-scale-factor={scale}", f"--screenshot={file}", url], check=True, timeout=120,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main():
    culprit, out = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    out.mkdir(parents=True, exist_ok=True)
    (slack, slack_url), (pager, pager_url) = fake("slack.py"), fake("pagerduty.py")
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "culprit.yaml").write_text(f"""state: {folder}/state
sources: [ {{ tail: {{ include: ['{LOGS}/**'], start_at: beginning }} }} ]
serve: {{ listen: '' }}
external_url: https://culprit.example.org
teams: [ {{ name: platform, components: [etcd], contacts: [ {{ name: Ana, address: U024BE7LH }} ] }} ]
sinks:
  - slack: {{ bot_token: xoxb-fake-token-0123456789, channel: C024BE91L, api_url: '{slack_url}/api' }}
  - pagerduty: {{ routing_key: 0123456789abcdef0123456789abcdef, url: '{pager_url}/v2/enqueue' }}
""")
        run = subprocess.Popen([culprit, "run", "-c", "culprit.yaml", "--format", "none"], cwd=folder)
        try:
            end = time.monotonic() + 300
            while "etcd is down" not in page(slack_url + "/") or "etcd is down" not in page(pager_url + "/"):
                assert run.poll() is None and time.monotonic() < end, "nobody was told"
                time.sleep(0.5)
            draw(slack_url + "/", out / "message-desktop.png", 820, 800, 1, folder)
            draw(slack_url + "/", out / "message-phone.png", 390, 1090, 1, folder)
            draw(pager_url + "/", out / "alert-phone.png", 390, 690, 1, folder)
        finally:
            run.kill()
            run.wait()
    for process in (slack, pager):
        process.communicate()


main()
