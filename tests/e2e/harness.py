#!/usr/bin/env python3
"""harness.py claude|codex|opencode BASE_URL TOKEN SCENARIO -- run the real client through one scripted scenario.

Exit 0 iff the client exited 0, printed the scenario's final text with this run's nonce, left the file(s) the tool call
should have written, and reported no retry. See README.md. Environment: MODEL, MOCK_URL, E2E_TIMEOUT, E2E_WRAP,
E2E_KEEP, CLAUDE_BIN, CODEX_BIN, OPENCODE_BIN, E2E_EXTRA_ENV (K=V;K=V), CODEX_PROVIDER_TOML, CODEX_TOP_TOML, EXPECT_REQUESTS.
"""

import base64
import json
import os
import random
import shlex
import shutil
import string
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
import zlib
from pathlib import Path

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
E = os.environ


def first(*paths):
    for p in paths:
        if p and os.path.exists(p):
            return p
    return None


def find_bin(kind):
    npm = [d + "/node_modules" for d in (E.get("E2E_NODE", ROOT), os.getcwd())]
    if kind == "claude":
        return (
            E.get("CLAUDE_BIN")
            or first(*[n + "/@anthropic-ai/claude-code-linux-x64/claude" for n in npm])
            or shutil.which("claude")
        )
    if kind == "codex":
        return (
            E.get("CODEX_BIN")
            or first(*[n + "/@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex" for n in npm])
            or shutil.which("codex")
        )
    return E.get("OPENCODE_BIN") or first(*[n + "/opencode-linux-x64/bin/opencode" for n in npm]) or shutil.which("opencode")


def png(w=8, h=8):
    raw = b"".join(b"\0" + bytes([255, 0, 0]) * w for _ in range(h))

    def c(t, d):
        return struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d))

    return (
        b"\x89PNG\r\n\x1a\n"
        + c(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0))
        + c(b"IDAT", zlib.compress(raw))
        + c(b"IEND", b"")
    )


def mock(path):
    u = E.get("MOCK_URL")
    if not u:
        return None
    try:
        with urllib.request.urlopen(u.rstrip("/") + "/_mock/" + path, timeout=5) as answer:
            return json.loads(answer.read())
    except Exception as ex:
        print(f"harness: MOCK_URL not reachable: {ex}", file=sys.stderr)
        sys.exit(3)


def nonce():
    return "".join(random.choice(string.ascii_lowercase) for _ in range(8))


class Run:
    def __init__(self, kind, base, token, scenario):
        self.kind, self.base, self.token, self.scenario = kind, base.rstrip("/"), token, scenario
        self.bin = find_bin(kind)
        if not self.bin:
            sys.exit(f"harness: no {kind} binary (set {kind.upper()}_BIN)")
        top = E.get("E2E_TMP", tempfile.gettempdir() + "/axonhub-e2e")
        os.makedirs(top, exist_ok=True)
        self.home = tempfile.mkdtemp(prefix=kind + "-", dir=top)
        self.cwd = self.home + "/w"
        os.makedirs(self.cwd)
        self.fail, self.retries, self.log = [], 0, []
        self.model = E.get("MODEL") or {"claude": "claude-sonnet-4-5", "codex": "gpt-5.5", "opencode": "deepseek-chat"}[kind]
        self.timeout = float(E.get("E2E_TIMEOUT", "60"))

    def env(self):
        # nothing of the caller's environment reaches the client; a dead proxy catches anything not on loopback
        e = {
            "HOME": self.home,
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "TMPDIR": self.home,
            "HTTP_PROXY": "http://127.0.0.1:9",
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "NO_PROXY": "127.0.0.1,localhost,::1",
            "http_proxy": "http://127.0.0.1:9",
            "https_proxy": "http://127.0.0.1:9",
            "no_proxy": "127.0.0.1,localhost,::1",
        }
        if self.kind == "claude":
            e.update(
                ANTHROPIC_BASE_URL=self.base,
                ANTHROPIC_AUTH_TOKEN=self.token,
                IS_SANDBOX="1",
                CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1",
                DISABLE_TELEMETRY="1",
                DISABLE_ERROR_REPORTING="1",
                DISABLE_AUTOUPDATER="1",
                CLAUDE_CODE_MAX_RETRIES="1",
            )
        elif self.kind == "codex":
            e.update(AXONHUB_API_KEY=self.token)
        else:
            e.update(
                OPENCODE_DISABLE_AUTOUPDATE="1",
                OPENCODE_DISABLE_MODELS_FETCH="1",
                OPENCODE_DISABLE_DEFAULT_PLUGINS="1",
                OPENCODE_DISABLE_LSP_DOWNLOAD="1",
            )
        for kv in filter(None, E.get("E2E_EXTRA_ENV", "").split(";")):
            k, _, v = kv.partition("=")
            e[k] = v
        return e

    def sh(self, cmd, stdin=""):
        full = shlex.split(E.get("E2E_WRAP", "")) + ["env", "-i"] + ["{}={}".format(*kv) for kv in self.env().items()] + cmd
        p = subprocess.Popen(
            full,
            cwd=self.cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            so, se = p.communicate(stdin, timeout=self.timeout)
            rc = p.returncode
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, 9)
            so, se = p.communicate()
            rc = 124
        self.log.append({"cmd": cmd, "rc": rc, "stdout": so, "stderr": se})
        if rc:
            self.fail.append("client exit %d" % rc)
        return rc, so, se

    # ---------------------------------------------------------------- one prompt
    def claude(self, prompt, more=(), image=False):
        cmd = [
            self.bin,
            "-p",
            "--output-format",
            "stream-json",
            "--verbose",
            "--include-partial-messages",
            "--dangerously-skip-permissions",
            "--model",
            self.model,
            *more,
        ]
        stdin = ""
        if image:
            cmd += ["--input-format", "stream-json"]
            stdin = (
                json.dumps(
                    {
                        "type": "user",
                        "message": {
                            "role": "user",
                            "content": [
                                {"type": "text", "text": prompt},
                                {
                                    "type": "image",
                                    "source": {
                                        "type": "base64",
                                        "media_type": "image/png",
                                        "data": base64.b64encode(png()).decode(),
                                    },
                                },
                            ],
                        },
                    }
                )
                + "\n"
            )
        else:
            cmd.append(prompt)
        _rc, so, _se = self.sh(cmd, stdin)
        text, sid, partial = "", None, 0
        for l in so.splitlines():
            try:
                d = json.loads(l)
            except Exception:
                continue
            sid = d.get("session_id") or sid
            if d.get("type") == "stream_event":
                partial += 1
            if d.get("type") == "system" and "retry" in str(d.get("subtype", "")):
                self.retries += 1
            if d.get("type") == "result":
                text = d.get("result") or json.dumps(d.get("structured_output") or "")
                if d.get("is_error"):
                    self.fail.append(f"result is_error: {text[:200]}")
        if not partial:
            self.fail.append("no stream_event: the answer was not streamed")
        return text, sid

    def codex(self, prompt, sub=("exec",), image=False):
        os.makedirs(self.home + "/.codex", exist_ok=True)
        Path(self.home + "/.codex/config.toml").write_text(
            """model = "{}"
model_provider = "axonhub-responses"
check_for_update_on_startup = false
{}
[model_providers.axonhub-responses]
name = "AxonHub"
base_url = "{}"
env_key = "AXONHUB_API_KEY"
wire_api = "responses"
{}
[analytics]
enabled = false
""".format(self.model, E.get("CODEX_TOP_TOML", ""), self.base, E.get("CODEX_PROVIDER_TOML", ""))
        )
        last = self.home + "/last.txt"
        cmd = [self.bin, *sub, "--json", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", "-o", last]
        if image:
            Path(self.home + "/red.png").write_bytes(png())
            cmd += ["-i", self.home + "/red.png", "--"]
        _rc, so, _se = self.sh([*cmd, prompt])
        text, sid = "", None
        for l in so.splitlines():
            try:
                d = json.loads(l)
            except Exception:
                continue
            t = d.get("type", "")
            sid = d.get("thread_id") or sid
            if t in ("error", "turn.failed") or (t == "item.completed" and (d.get("item") or {}).get("type") == "error"):
                m = json.dumps(d)
                if "Reconnecting" in m:
                    self.retries += 1
                elif "Model metadata for" not in m:
                    self.fail.append("codex: " + m[:300])
            if t == "item.completed" and (d.get("item") or {}).get("type") == "agent_message":
                text = d["item"].get("text", "")
        if os.path.exists(last):
            text = Path(last).read_text() or text
        return text, sid

    def opencode(self, prompt, more=(), image=False):
        os.makedirs(self.home + "/.config/opencode", exist_ok=True)
        npm = E.get("OPENCODE_NPM", "@ai-sdk/openai-compatible")
        json.dump(
            {
                "$schema": "https://opencode.ai/config.json",
                "autoupdate": False,
                "share": "disabled",
                "provider": {
                    "axonhub": {
                        "npm": npm,
                        "name": "AxonHub",
                        "options": {"baseURL": self.base, "apiKey": self.token},
                        "models": {self.model: {"name": self.model}},
                    }
                },
                "model": "axonhub/" + self.model,
                "small_model": "axonhub/" + self.model,
                "permission": {"edit": "allow", "bash": "allow"},
            },
            open(self.home + "/.config/opencode/opencode.json", "w"),
        )
        cmd = [self.bin, "run", *more]
        if image:
            Path(self.home + "/red.png").write_bytes(png())
            cmd += ["-f", self.home + "/red.png", "--"]
        _rc, so, _se = self.sh([*cmd, prompt])
        return so.strip(), None

    # ---------------------------------------------------------------- scenarios
    def go(self):
        sc = self.scenario
        mock_sc = {"continue": "tool"}.get(sc, sc)
        if E.get("MOCK_URL"):
            mock("set?scenario=" + mock_sc + ("&fault=" + E["MOCK_FAULT"] if E.get("MOCK_FAULT") else ""))
        n = nonce()
        call = getattr(self, self.kind)
        t0 = time.time()
        prompt = f"PARENT NONCE={n} OUTDIR={self.cwd} please run the scenario"
        text, sid = call(prompt, image=(sc == "image"))
        self.expect(sc, n, text)
        if sc == "continue" and not self.fail:
            n2 = nonce()
            more = {
                "claude": {"more": ("--continue",)},
                "codex": {"sub": ("exec", "resume", "--last")},
                "opencode": {"more": ("--continue",)},
            }[self.kind]
            text, sid2 = call(f"PARENT NONCE={n2} OUTDIR={self.cwd} and again", **more)
            self.expect(sc, n2, text)
            if sid and sid2 and sid != sid2:
                self.fail.append(f"session id changed on continue: {sid} -> {sid2}")
        dt = time.time() - t0
        if self.retries:
            self.fail.append("%d client retries" % self.retries)
        st = mock("stats") if E.get("MOCK_URL") else None
        if st:
            want = E.get("EXPECT_REQUESTS") or {
                "text": 1,
                "cat": 1,
                "image": 1,
                "tool": 2,
                "write": 2,
                "think": 2,
                "parallel": 2,
                "multi": 3,
                "continue": 4,
            }.get(sc)
            if self.kind == "opencode" and sc in ("text", "cat", "image"):
                want = None  # its title request offers no tools either and cannot be told apart
            if want and st["main_requests"] != int(want):
                self.fail.append(
                    "mock saw %d main model requests, expected %s: %s"
                    % (st["main_requests"], want, [t["plan"] for t in st["trace"]][:12])
                )
        ok = not self.fail
        print(
            json.dumps(
                {
                    "client": self.kind,
                    "scenario": sc,
                    "model": self.model,
                    "ok": ok,
                    "seconds": round(dt, 2),
                    "retries": self.retries,
                    "session": sid,
                    "mock_requests": st["main_requests"] if st else None,
                    "fail": self.fail,
                    "text": text[-120:],
                }
            )
        )
        if not ok or E.get("E2E_KEEP"):
            json.dump(self.log, open(self.home + "/run.json", "w"), indent=1)
            print("artifacts: " + self.home + " (run.json holds stdout/stderr)", file=sys.stderr)
        else:
            shutil.rmtree(self.home, ignore_errors=True)
        return 0 if ok else 1

    def expect(self, sc, n, text):
        if "E2E_DONE " + n not in text:
            self.fail.append(f"final text lacks 'E2E_DONE {n}': {text[-300:]!r}")
        if sc == "image" and "images=1" not in text:
            self.fail.append(f"image did not reach the upstream: {text[-80:]!r}")
        if sc == "cat" and not all("word%d " % i in text for i in range(400)):
            self.fail.append("streamed text is incomplete (%d chars)" % len(text))
        want = {"out.txt": "hello-" + n} if sc in ("tool", "write", "multi", "parallel", "think", "continue", "subagent") else {}
        if sc == "parallel":
            want["out2.txt"] = "two-" + n
        for f, c in want.items():
            p = os.path.join(self.cwd, f)
            for _ in range(30 if sc == "subagent" else 1):
                if os.path.exists(p):
                    break
                time.sleep(0.1)
            got = Path(p).read_text().strip() if os.path.exists(p) else None
            if got != c:
                self.fail.append(f"{f}: {got!r}, expected {c!r}")


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    sys.exit(Run(*sys.argv[1:5]).go())
