"""The HTML report in a real browser: it draws, logs no error, and hostile text stays text."""
import html, pathlib, re, shutil, subprocess, sys, unittest

from harness import main, outage, run, scratch

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-quic", "--virtual-time-budget=4000"]


class Page(unittest.TestCase):
    def test_draws_and_escapes(self):
        root = scratch()
        logs = root / "logs"
        logs.mkdir()
        for service, text in outage().items():
            text = text.replace("attempt 400:", "attempt 400 <img src=x onerror=document.title='owned'></script><script>document.title='owned'</script>:")
            (logs / f"{service}.log").write_text(text)
        page = root / "incident.html"
        run("replay", logs, "--format", "html", "--output", page, "--quiet", check=0)
        done = subprocess.run([CHROMIUM, *FLAGS, f"--user-data-dir={root}/profile", "--enable-logging=stderr", "--dump-dom", f"file://{page}"],
                              capture_output=True, text=True, timeout=300)
        dom = done.stdout
        self.assertNotIn("Uncaught", done.stderr)
        self.assertNotIn("<title>owned", dom)
        body = dom.split('<script type="application/json"')[0] if '<script type="application/json"' in dom else dom
        self.assertIn("One incident", body)
        for part in ("<svg", 'class="node root"', 'class="node hit"', 'class="burst"', "Runbook", "Evidence", "took down"):
            self.assertIn(part, body)
        self.assertNotRegex(body, r"<img[^>]+onerror")


if __name__ == "__main__":
    if CHROMIUM is None:
        print("no chromium here")
        sys.exit(77)
    main()
