#!/usr/bin/env python3
"""The messages of the Slack sink against the types that Slack publishes (npm's @slack/types), by tsc.

usage: slack_types_test.py SINKS_TEST SOURCE_DIR; 77: node, @slack/types or tsc is not here (./dev setup test).
"""
import json, os, pathlib, shutil, subprocess, sys, tempfile

binary, root = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
modules = root / "build/clients/node_modules"
if shutil.which("node") is None or not (modules / "@slack/types").exists() or not (modules / "typescript").exists():
    print("SKIPPED: node, @slack/types or typescript is not here; ./dev setup test fetches them")
    sys.exit(77)

# What chat.postMessage, chat.update and incoming webhooks take besides the blocks.
HEAD = """import type { KnownBlock, MessageMetadata } from "@slack/types";
interface Message {
  channel?: string; ts?: string; thread_ts?: string; reply_broadcast?: boolean; text: string; blocks?: KnownBlock[];
  unfurl_links?: boolean; unfurl_media?: boolean; parse?: "none"; link_names?: boolean; metadata?: MessageMetadata;
}
"""
with tempfile.TemporaryDirectory(dir=root / "build/clients") as folder:
    payloads = pathlib.Path(folder) / "payloads.jsonl"
    subprocess.run([binary, "--gtest_filter=SlackTest.WritesPayloadsForTheTypeCheck"], check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "CULPRIT_SLACK_PAYLOADS": str(payloads)})
    lines = payloads.read_text().splitlines()
    assert len(lines) >= 100, f"only {len(lines)} messages were written"

    def check(messages):
        text = HEAD + "".join(f"export const m{i}: Message = {m};\n" for i, m in enumerate(messages))
        (pathlib.Path(folder) / "messages.ts").write_text(text)
        return subprocess.run(["node", modules / "typescript/bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "--module", "node16",
                               pathlib.Path(folder) / "messages.ts"], stdout=subprocess.PIPE, text=True)

    result = check(lines)
    assert result.returncode == 0, result.stdout[:4000]
    # The check itself sees what is wrong.
    wrong = json.loads(lines[0])
    wrong["blocks"][0]["text"]["type"] = "mrkdwn"  # a header takes plain text alone
    assert check([json.dumps(wrong)]).returncode != 0, "tsc takes a header in mrkdwn"
print(f"{len(lines)} messages are what @slack/types says")
