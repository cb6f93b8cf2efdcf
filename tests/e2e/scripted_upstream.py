#!/usr/bin/env python3
"""Capturing, scriptable mock of three LLM wire protocols (loopback only).

    mock_upstream.py --port N --scenario S [--fault F] --log FILE [--ws reject|accept]

Protocols (any path prefix is accepted, so /anthropic/v1/messages == /v1/messages):
    POST .../v1/messages                Anthropic Messages, stream + non-stream
    POST .../v1/messages/count_tokens
    GET  .../v1/models[/ID]             Anthropic list when anthropic-version header or /anthropic prefix,
                                        codex catalogue when ?client_version=, else OpenAI list
    POST .../v1/chat/completions        OpenAI Chat Completions, stream + non-stream, include_usage
    POST .../v1/responses               OpenAI Responses, stream + non-stream; GET+Upgrade = websocket
    POST .../v1/responses/compact
    POST .../v1/embeddings
    *                                   logged, 404

Control (never logged): GET /_mock/ping, POST /_mock/reset, POST /_mock/set?scenario=&fault=,
    GET /_mock/stats (JSON: counts per path, model requests, faults fired, verdict)

Scenario = what the "model" does. It is protocol agnostic: the request is reduced to
(user text, offered tools, trailing tool results), a plan of output items is made, and the plan is
rendered in the protocol asked for. NONCE=<word> in the user's prompt is echoed into the tool call
and the final text, so a proxy that loses the prompt or the tool result is caught:
    text      final text at once
    tool      shell tool writes out.txt -> final text                        (Bash/exec_command/shell/bash)
    write     file tool writes out.txt  -> final text                        (Write/apply_patch/write)
    multi     shell, then shell again (reads the file) -> final text         (3 requests)
    parallel  two shell calls in one turn -> final text
    think     reasoning item + shell -> reasoning + final text
    subagent  Task/Agent/spawn_agent tool; the child runs shell; parent final text
    websearch WebSearch tool (Claude Code side request with a server tool)
    cat       one long text in 400 deltas
    image     final text says how many image blocks arrived
    toolsearch  codex tool_search_call item;   call=Tool,{json}   that tool if offered;   force=Tool[@namespace],{json}
Final text: "E2E_DONE <nonce>" when everything expected arrived, "E2E_BAD <nonce> <why>" when not.

Fault = how the wire misbehaves; `;`-separated list, each `kind:key=val,...` (times=N first N hits, default all;
only model requests that offer tools or have scenario=text count, `all=1` to count every model request):
    status:code=429,type=rate_limit_error,retry_after=1,times=1[,html=1][,nobody=1]
    slow:first=35            headers held back too
    slow:first=35,headers=1  200 + headers at once, first event late;  ,ping=5 -> keepalives meanwhile
                             (,kind2=comment|blank|event|inprogress picks the keepalive)
    gap:after=4,secs=30[,ping=5]   pause in the middle of the stream
    drop:after=4             TCP reset after N events;  eof:after=4 clean end after N events
    errevent:after=4,type=overloaded_error   error event in the stream, then end
    empty:                   200, event-stream, no bytes;  emptyjson: 200 {}
    omit:what=usage|ping|message_stop|message_delta|block_stop|message_start|done|completed|created|
              item_added|item_done|part|text_done|deltas|finish|role|id|model|event_lines|seq|output|
              namespace|output_index|item_id|stop_reason|signature|
              usage.total_tokens|usage.output_tokens|usage.input_tokens_details|usage.output_tokens_details ; join several with +
    nonstream:               answer a stream request with one JSON body
    stop:reason=max_tokens   other stop_reason / finish_reason; for responses: response.incomplete
    inject:what=event|data|delta|ping|done|cost   a frame the client does not know
    badindex:                content indexes shifted by 5
    ctype:                   content-type application/json on the stream
"""

import argparse
import asyncio
import base64
import gzip
import json
import os
import re
import time
import uuid
import zlib

from aiohttp import WSMsgType, web

try:
    import zstandard
except ImportError:
    zstandard = None


# ----------------------------------------------------------------- state
class State:
    def __init__(self, a):
        self.a = a
        self.t0 = time.time()
        self.set(a.scenario, a.fault)
        self.log = open(a.log, "a", buffering=1) if a.log else None
        self.reset()

    def set(self, scenario, fault):
        self.scenario = scenario
        self.faults = []
        for part in (fault or "").split(";"):
            part = part.strip()
            if not part:
                continue
            kind, _, rest = part.partition(":")
            kv = {}
            for p in rest.split(","):
                if p:
                    k, _, v = p.partition("=")
                    kv[k] = v if v else "1"
            self.faults.append({"kind": kind, "hits": 0, **kv})

    def reset(self):
        self.seq = 0
        self.counts = {}
        self.model_requests = 0
        self.main_requests = 0
        self.faults_fired = 0
        self.final_texts = []
        self.trace = []
        for f in self.faults:
            f["hits"] = 0

    def write(self, rec):
        if self.log:
            self.log.write(json.dumps(rec, ensure_ascii=False) + "\n")

    def pick_faults(self, main):
        out = {}
        for f in self.faults:
            if not main and not f.get("all"):
                continue
            if "skip" in f and f.setdefault("seen", 0) < int(f["skip"]):
                f["seen"] += 1
                continue
            if "times" in f and f["hits"] >= int(f["times"]):
                continue
            f["hits"] += 1
            self.faults_fired += 1
            out[f["kind"]] = f
        return out


S: State = None


def uid(p):
    return p + uuid.uuid4().hex[:24]


# ----------------------------------------------------------------- request -> neutral view
def text_of(c):
    if c is None:
        return ""
    if isinstance(c, str):
        return c
    if isinstance(c, list):
        return "\n".join(text_of(x) for x in c)
    if isinstance(c, dict):
        for k in ("text", "output_text", "content", "output", "thinking"):
            if isinstance(c.get(k), (str, list, dict)):
                return text_of(c[k])
    return ""


def count_images(o):
    if isinstance(o, dict):
        n = 1 if o.get("type") in ("image", "image_url", "input_image") else 0
        return n + sum(count_images(v) for v in o.values())
    if isinstance(o, list):
        return sum(count_images(v) for v in o)
    return 0


class View:
    """users: texts of user messages in order; tools: name -> (kind, schema); results: trailing tool results"""

    def __init__(self):
        self.users, self.tools, self.results, self.all_results = [], {}, [], []
        self.since_prompt = []  # tool results after the last user text with a NONCE
        self.calls_before = 0
        self.server_tools = []
        self.images = 0
        self.model = "mock-model"
        self.stream = False
        self.raw = {}

    @property
    def nonce(self):
        for u in reversed(self.users):
            m = re.findall(r"NONCE=([A-Za-z0-9]+)", u)
            if m:
                return m[-1]
        return "none"


def view_anthropic(b):
    v = View()
    v.raw, v.model, v.stream = b, b.get("model", "?"), bool(b.get("stream"))
    v.images = count_images(b.get("messages"))
    for t in b.get("tools") or []:
        if t.get("type") and t["type"] not in ("custom",):
            v.server_tools.append(t["type"])
        elif not t.get("defer_loading"):
            v.tools[t["name"]] = ("function", t.get("input_schema") or {})
    for m in b.get("messages") or []:
        c = m.get("content")
        if m.get("role") == "user":
            res = [x for x in c if isinstance(x, dict) and x.get("type") == "tool_result"] if isinstance(c, list) else []
            txt = (
                c
                if isinstance(c, str)
                else "\n".join(x.get("text", "") for x in c if isinstance(x, dict) and x.get("type") == "text")
            )
            if txt:
                v.users.append(txt)
                if "NONCE=" in txt:
                    v.since_prompt = []
            v.results = [(r.get("tool_use_id"), text_of(r.get("content")), r.get("is_error")) for r in res]
            v.all_results += v.results
            v.since_prompt += v.results
        elif m.get("role") == "assistant":
            v.results = []
            if isinstance(c, list):
                v.calls_before += sum(1 for x in c if isinstance(x, dict) and x.get("type") == "tool_use")
    return v


def view_chat(b):
    v = View()
    v.raw, v.model, v.stream = b, b.get("model", "?"), bool(b.get("stream"))
    v.images = count_images(b.get("messages"))
    for t in b.get("tools") or []:
        f = t.get("function") or t.get("custom") or {}
        if f.get("name"):
            v.tools[f["name"]] = (t.get("type", "function"), f.get("parameters") or {})
    for m in b.get("messages") or []:
        r = m.get("role")
        if r == "user":
            v.users.append(text_of(m.get("content")))
            if "NONCE=" in v.users[-1]:
                v.since_prompt = []
        elif r == "tool":
            v.results.append((m.get("tool_call_id"), text_of(m.get("content")), None))
            v.all_results.append(v.results[-1])
            v.since_prompt.append(v.results[-1])
        elif r == "assistant":
            v.results = []
            v.calls_before += len(m.get("tool_calls") or [])
    return v


def view_responses(b):
    v = View()
    v.raw, v.model, v.stream = b, b.get("model", "?"), bool(b.get("stream"))
    inp = b.get("input")
    if isinstance(inp, str):
        inp = [{"type": "message", "role": "user", "content": inp}]
    v.images = count_images(inp)

    def add_tools(ts, ns=""):
        for t in ts or []:
            k = t.get("type")
            if k in ("function", "custom"):
                n = t.get("name")
                v.tools[n] = (k + (":" + ns if ns else ""), t.get("parameters") or {})
            elif k == "namespace":
                add_tools(t.get("tools"), t.get("name", "ns"))
            else:
                v.server_tools.append(k)

    add_tools(b.get("tools"))
    for it in inp or []:
        k = it.get("type", "message")
        if k == "message":
            if it.get("role") == "user":
                v.users.append(text_of(it.get("content")))
                if "NONCE=" in v.users[-1]:
                    v.since_prompt = []
            elif it.get("role") == "assistant":
                v.results = []
        elif k.endswith("_call_output"):
            v.results.append((it.get("call_id"), text_of(it.get("output")), None))
            v.all_results.append(v.results[-1])
            v.since_prompt.append(v.results[-1])
        elif k == "additional_tools":
            add_tools(it.get("tools"))
        elif k.endswith("_call"):
            v.results = []
            v.calls_before += 1
    return v


# ----------------------------------------------------------------- scenario -> plan
SHELLS = [
    "Bash",
    "exec_command",
    "shell_command",
    "shell",
    "local_shell",
    "bash",
    "run_shell_command",
    "run_terminal_cmd",
    "exec",
]
FILES = ["Write", "apply_patch", "write", "write_file"]
AGENTS = ["Task", "Agent", "spawn_agent", "task"]


def find_tool(v, names):
    """exact name first, then a flattened namespace ("functions__exec", "functions.exec", ...)"""
    for n in names:
        if n in v.tools:
            return n
    for n in names:
        for have in v.tools:
            if re.search(rf"[._:/-]{re.escape(n)}$", have):
                return have
    return None


def first_prop(schema, default):
    props = schema.get("properties") or {}
    for k in ("input", "patch", "source", "code", "text"):
        if k in props:
            return k
    return next(iter(props), default)


def shell_args(name, kind, schema, cmd):
    props = schema.get("properties") or {}
    if re.search(r"(^|[._:/-])exec$", name):  # codex "code mode": the tool takes JavaScript
        js = f"const r = await tools.exec_command({{cmd: {json.dumps(cmd)}}}); text(typeof r === 'string' ? r : (r.output ?? JSON.stringify(r)));"
        return js if kind.startswith("custom") else {first_prop(schema, "input"): js}
    if kind.startswith("custom"):
        return cmd
    a = {}
    if "cmd" in props:
        a["cmd"] = cmd
    elif "command" in props:
        a["command"] = ["bash", "-lc", cmd] if props["command"].get("type") == "array" else cmd
    else:
        a["command"] = cmd
    for r in schema.get("required") or []:
        a.setdefault(r, "e2e step")
    return a


def shell_item(v, cmd):
    n = find_tool(v, SHELLS)
    if not n:
        return None
    kind, schema = v.tools[n]
    return {"k": "tool", "kind": kind, "name": n, "args": shell_args(n, kind, schema, cmd)}


def write_item(v, content):
    n = find_tool(v, FILES)
    patch = f"*** Begin Patch\n*** Add File: out.txt\n+{content}\n*** End Patch\n"
    if not n:
        n = find_tool(v, ["exec"])  # codex code mode: apply_patch is nested
        if not n:
            return None
        kind, schema = v.tools[n]
        js = f"text(await tools.apply_patch({json.dumps(patch)}));"
        return {
            "k": "tool",
            "kind": kind,
            "name": n,
            "args": js if kind.startswith("custom") else {first_prop(schema, "input"): js},
        }
    kind, schema = v.tools[n]
    if n.endswith("apply_patch"):
        return {
            "k": "tool",
            "kind": kind,
            "name": n,
            "args": patch if kind.startswith("custom") else {first_prop(schema, "input"): patch},
        }
    cwd = "."
    m = re.search(r"OUTDIR=(\S+)", "\n".join(v.users))
    if m:
        cwd = m.group(1)
    key = "file_path" if "file_path" in (schema.get("properties") or {}) else "filePath"
    return {"k": "tool", "kind": kind, "name": n, "args": {key: cwd + "/out.txt", "content": content + "\n"}}


def done(v, ok=True, why=""):
    t = (f"E2E_DONE {v.nonce}") if ok else (f"E2E_BAD {v.nonce} {why}")
    return {"k": "text", "text": t}


def plan(v):
    """-> (items, is_main)"""
    sc = S.scenario
    n = v.nonce
    "\n".join(v.users)
    if v.server_tools and any(str(t).startswith("web_search") for t in v.server_tools) and not v.tools:
        return [{"k": "text", "text": "Search result: example (https://example.com)"}], False
    if not v.tools and sc not in ("text", "cat", "image", "jsontext"):
        # side request (title, topic, summary ...)
        if "output_config" in v.raw or "response_format" in v.raw or (v.raw.get("text") or {}).get("format"):
            return [{"k": "text", "text": json.dumps({"title": "Mock title", "isNewTopic": True})}], False
        return [{"k": "text", "text": "Mock side answer"}], False
    if sc == "text":
        return [done(v)], True
    if sc == "image":
        return [{"k": "text", "text": "E2E_DONE %s images=%d" % (n, v.images)}], True
    if sc == "cat":
        return [{"k": "text", "text": " ".join("word%d" % i for i in range(400)) + " E2E_DONE " + n, "chunks": 400}], True
    if sc == "jsontext":
        return [{"k": "text", "text": json.dumps({"answer": "E2E_DONE " + n})}], True

    cmd = f"echo hello-{n} | tee out.txt"
    v.results = v.since_prompt  # a client that asks for a continuation must not restart the scenario
    if sc in ("tool", "think"):
        pre = [{"k": "think", "text": "Let me think about the shell."}] if sc == "think" else []
        if v.results:
            ok = any(f"hello-{n}" in (r[1] or "") for r in v.results)
            return [*pre, done(v, ok, f"tool result lost: {v.results[-1][1][:120]!r}")], True
        it = shell_item(v, cmd)
        return (
            [*pre, {"k": "text", "text": "I will run it."}, it]
            if it
            else [done(v, False, f"no shell tool offered: {sorted(v.tools)}")]
        ), True
    if sc == "write":
        if v.results:
            bad = [r for r in v.results if r[2]]
            return [done(v, not bad, f"tool error: {bad[:1]!r}")], True
        it = write_item(v, "hello-" + n)
        return ([it] if it else [done(v, False, f"no file tool offered: {sorted(v.tools)}")]), True
    if sc == "multi":
        step = len([r for r in v.results if n in (r[1] or "")])
        if not v.results:
            return [{"k": "text", "text": "Step 1."}, shell_item(v, cmd)], True
        if step == 1:
            return [{"k": "text", "text": "Step 2."}, shell_item(v, f"cat out.txt && echo second-{n}")], True
        return [done(v, step >= 2 and "second-" + n in v.results[-1][1], "multi step=%d" % step)], True
    if sc == "parallel":
        if v.results:
            t = "\n".join(r[1] for r in v.results)
            return [
                done(v, len(v.results) >= 2 and "hello-" + n in t and "two-" + n in t, "parallel got %d results" % len(v.results))
            ], True
        return [shell_item(v, cmd), shell_item(v, f"echo two-{n} | tee out2.txt")], True
    if sc == "subagent":
        child = any("CHILDTASK" in u for u in v.users) and not any("PARENT" in u for u in v.users)
        if child:
            if v.results:
                return [{"k": "text", "text": "CHILD_DONE " + n}], True
            return [shell_item(v, cmd)], True
        if v.results:
            # async agents answer first with a launch notice; accept it
            return [done(v)], True
        a = find_tool(v, AGENTS)
        if not a:
            return [done(v, False, f"no agent tool: {sorted(v.tools)}")], True
        kind, schema = v.tools[a]
        props = schema.get("properties") or {}
        args = {}
        p = f"CHILDTASK NONCE={n} write the file"
        for k in ("prompt", "message", "task"):
            if k in props:
                args[k] = p
                break
        if "description" in props:
            args["description"] = "child run"
        if "subagent_type" in props and "subagent_type" in (schema.get("required") or []):
            args["subagent_type"] = "general-purpose"
        if "task_name" in props:
            args["task_name"] = "child"
        if "run_in_background" in props:
            args["run_in_background"] = False
        return [{"k": "tool", "kind": kind, "name": a, "args": args}], True
    if sc == "websearch":
        if v.results:
            return [done(v)], True
        if "WebSearch" in v.tools:
            return [{"k": "tool", "kind": "function", "name": "WebSearch", "args": {"query": "mock query"}}], True
        return [done(v, False, "no WebSearch")], True
    if sc == "toolsearch":  # codex: client-executed tool_search item (Responses only)
        if v.results or any(i.get("type") == "tool_search_output" for i in v.raw.get("input") or [] if isinstance(i, dict)):
            return [done(v)], True
        return [{"k": "tool_search", "args": {"query": "spawn agent echo", "limit": 4}}], True
    m = re.match(r"force=([^,@]+)(?:@([^,]+))?,(.*)", sc)  # force=Name[@namespace],{json args}: even when not offered
    if m:
        if v.results:
            return [done(v)], True
        return [
            {
                "k": "tool",
                "kind": "function" + (":" + m.group(2) if m.group(2) else ""),
                "name": m.group(1),
                "args": json.loads(m.group(3)),
            }
        ], True
    m = re.match(r"call=([^,]+),(.*)", sc)  # call=ToolName,{json args}
    if m:
        if v.results:
            return [done(v)], True
        if m.group(1) in v.tools:
            k = v.tools[m.group(1)][0]
            args = m.group(2) if k.startswith("custom") else json.loads(m.group(2))
            return [{"k": "tool", "kind": k, "name": m.group(1), "args": args}], True
        return [done(v, False, f"tool {m.group(1)} not offered")], True
    return [done(v, False, "unknown scenario " + sc)], True


def chunks(t, n=4):
    if not t:
        return []
    size = max(1, -(-len(t) // n))
    return [t[i : i + size] for i in range(0, len(t), size)]


IN_TOK, OUT_TOK, CACHED = 1234, 56, 1000


# ----------------------------------------------------------------- renderers: yield (event|None, dict|str)
def render_anthropic(v, items, f):
    om = set(f["omit"]["what"].split("+")) if "omit" in f else set()
    shift = 5 if "badindex" in f else 0
    mid = "msg_01" + uuid.uuid4().hex[:22]
    stop = "tool_use" if any(i["k"] == "tool" for i in items) else "end_turn"
    if "stop" in f:
        stop = f["stop"].get("reason", "max_tokens")
    u0 = {
        "input_tokens": IN_TOK,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": CACHED,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": 1,
        "service_tier": "standard",
    }
    msg = {
        "id": mid,
        "type": "message",
        "role": "assistant",
        "model": v.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": u0,
    }
    for k in ("id", "model", "role"):
        if k in om:
            msg.pop(k)
    if "usage" in om:
        msg.pop("usage")
    blocks = []
    for it in items:
        if it["k"] == "think":
            blocks.append({"type": "thinking", "thinking": it["text"], "signature": "bW9ja3NpZ25hdHVyZQ=="})
        elif it["k"] == "text":
            blocks.append({"type": "text", "text": it["text"], "_n": it.get("chunks", 4)})
        else:
            blocks.append({"type": "tool_use", "id": uid("toolu_"), "name": it["name"], "input": it["args"]})
    if not v.stream:
        out = dict(msg, content=[{k: x for k, x in b.items() if k != "_n"} for b in blocks], stop_reason=stop)
        if "usage" not in om:
            out["usage"] = dict(u0, output_tokens=OUT_TOK)
        return out
    ev = []
    if "message_start" not in om:
        ev.append(("message_start", {"type": "message_start", "message": msg}))
    for i, b in enumerate(blocks):
        i += shift
        if b["type"] == "text":
            ev.append(
                (
                    "content_block_start",
                    {"type": "content_block_start", "index": i, "content_block": {"type": "text", "text": ""}},
                )
            )
            if len(ev) == 2 and "ping" not in om:
                ev.append(("ping", {"type": "ping"}))
            if "deltas" not in om:
                for c in chunks(b["text"], b["_n"]):
                    ev.append(
                        (
                            "content_block_delta",
                            {"type": "content_block_delta", "index": i, "delta": {"type": "text_delta", "text": c}},
                        )
                    )
        elif b["type"] == "thinking":
            ev.append(
                (
                    "content_block_start",
                    {
                        "type": "content_block_start",
                        "index": i,
                        "content_block": {"type": "thinking", "thinking": "", "signature": ""},
                    },
                )
            )
            for c in chunks(b["thinking"]):
                ev.append(
                    (
                        "content_block_delta",
                        {"type": "content_block_delta", "index": i, "delta": {"type": "thinking_delta", "thinking": c}},
                    )
                )
            if "signature" not in om:
                ev.append(
                    (
                        "content_block_delta",
                        {
                            "type": "content_block_delta",
                            "index": i,
                            "delta": {"type": "signature_delta", "signature": b["signature"]},
                        },
                    )
                )
        else:
            ev.append(
                (
                    "content_block_start",
                    {
                        "type": "content_block_start",
                        "index": i,
                        "content_block": {"type": "tool_use", "id": b["id"], "name": b["name"], "input": {}},
                    },
                )
            )
            for c in ["", *chunks(json.dumps(b["input"]))]:
                ev.append(
                    (
                        "content_block_delta",
                        {"type": "content_block_delta", "index": i, "delta": {"type": "input_json_delta", "partial_json": c}},
                    )
                )
        if "block_stop" not in om:
            ev.append(("content_block_stop", {"type": "content_block_stop", "index": i}))
    if "message_delta" not in om:
        d = {"type": "message_delta", "delta": {"stop_reason": None if "stop_reason" in om else stop, "stop_sequence": None}}
        if "usage" not in om:
            d["usage"] = {"output_tokens": OUT_TOK}
        ev.append(("message_delta", d))
    if "message_stop" not in om:
        ev.append(("message_stop", {"type": "message_stop"}))
    return inject(ev, f)


def render_chat(v, items, f):
    om = set(f["omit"]["what"].split("+")) if "omit" in f else set()
    cid = uid("chatcmpl-")
    tools = [i for i in items if i["k"] == "tool"]
    text = "".join(i["text"] for i in items if i["k"] == "text")
    think = "".join(i["text"] for i in items if i["k"] == "think")
    fin = "tool_calls" if tools else "stop"
    if "stop" in f:
        fin = f["stop"].get("reason", "length")
    usage = {
        "prompt_tokens": IN_TOK + CACHED,
        "completion_tokens": OUT_TOK,
        "total_tokens": IN_TOK + CACHED + OUT_TOK,
        "prompt_tokens_details": {"cached_tokens": CACHED, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": 0,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
    calls = []
    for i, t in enumerate(tools):
        if t["kind"].startswith("custom"):
            calls.append({"index": i, "id": uid("call_"), "type": "custom", "custom": {"name": t["name"], "input": t["args"]}})
        else:
            calls.append(
                {
                    "index": i,
                    "id": uid("call_"),
                    "type": "function",
                    "function": {"name": t["name"], "arguments": json.dumps(t["args"])},
                }
            )
    base = {"id": cid, "created": int(time.time()), "model": v.model, "system_fingerprint": "fp_mock", "service_tier": "default"}
    if not v.stream:
        m = {"role": "assistant", "content": text or None, "refusal": None, "annotations": []}
        if think:
            m["reasoning_content"] = think
        if calls:
            m["tool_calls"] = [{k: x for k, x in c.items() if k != "index"} for c in calls]
        out = dict(base, object="chat.completion", choices=[{"index": 0, "message": m, "logprobs": None, "finish_reason": fin}])
        if "usage" not in om:
            out["usage"] = usage
        return out

    def ch(d, fr=None):
        return (
            None,
            dict(base, object="chat.completion.chunk", choices=[{"index": 0, "delta": d, "logprobs": None, "finish_reason": fr}]),
        )

    ev = []
    if "role" not in om:
        ev.append(ch({"role": "assistant", "content": "", "refusal": None}))
    for c in chunks(think):
        ev.append(ch({"reasoning_content": c}))
    n = max([i.get("chunks", 4) for i in items if i["k"] == "text"] or [4])
    for c in chunks(text, n):
        ev.append(ch({"content": c}))
    for c in calls:
        if c["type"] == "custom":
            ev.append(ch({"tool_calls": [c]}))
            continue
        ev.append(
            ch(
                {
                    "tool_calls": [
                        {
                            "index": c["index"],
                            "id": c["id"],
                            "type": "function",
                            "function": {"name": c["function"]["name"], "arguments": ""},
                        }
                    ]
                }
            )
        )
        for p in chunks(c["function"]["arguments"]):
            ev.append(ch({"tool_calls": [{"index": c["index"], "function": {"arguments": p}}]}))
    if "finish" not in om:
        ev.append(ch({}, fin))
    if (v.raw.get("stream_options") or {}).get("include_usage") and "usage" not in om:
        ev.append((None, dict(base, object="chat.completion.chunk", choices=[], usage=usage)))
    if "done" not in om:
        ev.append((None, "[DONE]"))
    return inject(ev, f)


def render_responses(v, items, f):
    om = set(f["omit"]["what"].split("+")) if "omit" in f else set()
    shift = 5 if "badindex" in f else 0
    rid = uid("resp_")
    b = v.raw
    usage = {
        "input_tokens": IN_TOK + CACHED,
        "input_tokens_details": {"cached_tokens": CACHED},
        "output_tokens": OUT_TOK,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": IN_TOK + CACHED + OUT_TOK,
    }
    base = {
        "id": rid,
        "object": "response",
        "created_at": int(time.time()),
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": b.get("instructions"),
        "max_output_tokens": b.get("max_output_tokens"),
        "max_tool_calls": None,
        "metadata": b.get("metadata") or {},
        "model": v.model,
        "output": [],
        "parallel_tool_calls": b.get("parallel_tool_calls", True),
        "previous_response_id": None,
        "prompt_cache_key": b.get("prompt_cache_key"),
        "reasoning": b.get("reasoning") or {"effort": None, "summary": None},
        "safety_identifier": None,
        "service_tier": "default",
        "store": b.get("store", True),
        "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": b.get("tool_choice", "auto"),
        "tools": [],
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": None,
        "user": None,
    }
    for k in ("id", "model"):
        if k in om:
            base.pop(k)
    out, ev, sq = [], [], [0]

    def e(typ, **kw):
        d = {"type": typ}
        if "seq" not in om:
            d["sequence_number"] = sq[0]
        sq[0] += 1
        d.update(kw)
        if "output_index" in om:
            d.pop("output_index", None), d.pop("content_index", None)
        if "item_id" in om:
            d.pop("item_id", None)
            if isinstance(d.get("item"), dict):
                d["item"] = {k: x for k, x in d["item"].items() if k != "id"}
        ev.append((typ, d))

    if "created" not in om:
        e("response.created", response=dict(base))
        e("response.in_progress", response=dict(base))
    for oi, it in enumerate(items):
        oi += shift
        if it["k"] == "think":
            iid = uid("rs_")
            full = {
                "id": iid,
                "type": "reasoning",
                "summary": [{"type": "summary_text", "text": it["text"]}],
                "encrypted_content": base64.b64encode(b"mock-encrypted").decode(),
            }
            e("response.output_item.added", output_index=oi, item={"id": iid, "type": "reasoning", "summary": []})
            e(
                "response.reasoning_summary_part.added",
                item_id=iid,
                output_index=oi,
                summary_index=0,
                part={"type": "summary_text", "text": ""},
            )
            for c in chunks(it["text"]):
                e("response.reasoning_summary_text.delta", item_id=iid, output_index=oi, summary_index=0, delta=c)
            e("response.reasoning_summary_text.done", item_id=iid, output_index=oi, summary_index=0, text=it["text"])
            e(
                "response.reasoning_summary_part.done",
                item_id=iid,
                output_index=oi,
                summary_index=0,
                part={"type": "summary_text", "text": it["text"]},
            )
            e("response.output_item.done", output_index=oi, item=full)
        elif it["k"] == "text":
            iid = uid("msg_")
            part = {"type": "output_text", "text": it["text"], "annotations": [], "logprobs": []}
            full = {"id": iid, "type": "message", "status": "completed", "role": "assistant", "content": [part]}
            if "item_added" not in om:
                e("response.output_item.added", output_index=oi, item=dict(full, status="in_progress", content=[]))
            if "part" not in om:
                e("response.content_part.added", item_id=iid, output_index=oi, content_index=shift, part=dict(part, text=""))
            if "deltas" not in om:
                for c in chunks(it["text"], it.get("chunks", 4)):
                    e("response.output_text.delta", item_id=iid, output_index=oi, content_index=shift, delta=c, logprobs=[])
            if "text_done" not in om:
                e("response.output_text.done", item_id=iid, output_index=oi, content_index=shift, text=it["text"], logprobs=[])
            if "part" not in om:
                e("response.content_part.done", item_id=iid, output_index=oi, content_index=shift, part=part)
            if "item_done" not in om:
                e("response.output_item.done", output_index=oi, item=full)
        elif it["k"] == "tool_search":
            full = {
                "id": uid("tsc_"),
                "type": "tool_search_call",
                "call_id": uid("call_"),
                "status": "completed",
                "execution": "client",
                "arguments": it["args"],
            }
            e("response.output_item.added", output_index=oi, item=dict(full, status="in_progress"))
            e("response.output_item.done", output_index=oi, item=full)
        elif it["kind"].startswith("custom"):
            iid = uid("ctc_")
            full = {
                "id": iid,
                "type": "custom_tool_call",
                "status": "completed",
                "call_id": uid("call_"),
                "name": it["name"],
                "input": it["args"],
            }
            if ":" in it["kind"] and "namespace" not in om:
                full["namespace"] = it["kind"].split(":", 1)[1]
            if "item_added" not in om:
                e("response.output_item.added", output_index=oi, item=dict(full, status="in_progress", input=""))
            if "deltas" not in om:
                for c in chunks(it["args"]):
                    e("response.custom_tool_call_input.delta", item_id=iid, output_index=oi, delta=c)
                e("response.custom_tool_call_input.done", item_id=iid, output_index=oi, input=it["args"])
            if "item_done" not in om:
                e("response.output_item.done", output_index=oi, item=full)
        else:
            iid = uid("fc_")
            args = json.dumps(it["args"])
            full = {
                "id": iid,
                "type": "function_call",
                "status": "completed",
                "arguments": args,
                "call_id": uid("call_"),
                "name": it["name"],
            }
            if ":" in it["kind"] and "namespace" not in om:
                full["namespace"] = it["kind"].split(":", 1)[1]
            if "item_added" not in om:
                e("response.output_item.added", output_index=oi, item=dict(full, status="in_progress", arguments=""))
            if "deltas" not in om:
                for c in chunks(args):
                    e("response.function_call_arguments.delta", item_id=iid, output_index=oi, delta=c)
                e("response.function_call_arguments.done", item_id=iid, output_index=oi, arguments=args)
            if "item_done" not in om:
                e("response.output_item.done", output_index=oi, item=full)
        out.append(full)
    fin = dict(base, status="completed", output=[] if "output" in om else out, usage=usage)
    if "usage" in om:
        fin["usage"] = None
    if "usage_key" in om:
        fin.pop("usage")
    elif fin["usage"]:
        for k in ("input_tokens_details", "output_tokens_details", "total_tokens", "output_tokens"):
            if "usage." + k in om:
                fin["usage"].pop(k, None)
    if "stop" in f:
        fin["status"] = "incomplete"
        fin["incomplete_details"] = {"reason": f["stop"].get("reason", "max_output_tokens")}
    if not v.stream:
        return fin
    if "completed" not in om:
        e("response.incomplete" if "stop" in f else "response.completed", response=fin)
    return inject(ev, f)


def inject(ev, f):
    """inject:what=event|data|delta  foreign frames a tolerant client must skip (after the 3rd event)"""
    w = f.get("inject", {}).get("what")
    extra = {
        "event": ("mystery_event", {"type": "mystery_event", "x": 1}),
        "data": (None, {"foo": "bar"}),
        "ping": ("ping", {"type": "ping"}),
        "done": (None, "[DONE]"),
        "delta": (
            "content_block_delta",
            {"type": "content_block_delta", "index": 0, "delta": {"type": "mystery_delta", "x": "y"}},
        ),
        "cost": ("response.cost", {"type": "response.cost", "cost": 0.1}),
    }.get(w)
    if extra:
        at = len(ev) if w == "done" else 3
        ev = [*ev[:at], extra, *ev[at:]]
    return ev


# ----------------------------------------------------------------- http plumbing
def decode_body(raw, enc):
    try:
        if enc == "zstd" and zstandard:
            return zstandard.ZstdDecompressor().decompressobj().decompress(raw)
        if enc == "gzip":
            return gzip.decompress(raw)
        if enc == "deflate":
            return zlib.decompress(raw)
    except Exception as ex:
        return b"<undecodable %s: %s>" % (enc.encode(), str(ex).encode())
    return raw


async def log_request(req):
    raw = await req.read()
    enc = req.headers.get("content-encoding", "").lower()
    # aiohttp auto-decodes gzip/deflate (and zstd/br when libs exist): keep what the client said
    data = raw
    if enc and raw[:1] not in (b"{", b"["):
        data = decode_body(raw, enc)
    body = None
    text = None
    if data:
        try:
            body = json.loads(data)
        except Exception:
            text = data.decode("utf-8", "replace")
    S.seq += 1
    seq = S.seq
    peer = req.transport.get_extra_info("peername") if req.transport else None
    S.counts[req.method + " " + req.path] = S.counts.get(req.method + " " + req.path, 0) + 1
    rec = {
        "kind": "req",
        "seq": seq,
        "t": round(time.time(), 3),
        "method": req.method,
        "path": req.path,
        "query": req.query_string,
        "http": "%d.%d" % req.version,
        "conn": peer[1] if peer else None,
        "headers": [[k.decode("latin1"), x.decode("latin1")] for k, x in req.raw_headers],
        "body_len": len(data),
        "body": body,
    }
    if text is not None:
        rec["body_text"] = text[:20000]
    S.write(rec)
    return seq, body


def resp_headers(proto):
    h = {"x-request-id": "req_mock_%06d" % S.seq}
    if proto == "anthropic":
        h = {
            "request-id": "req_mock_%06d" % S.seq,
            "anthropic-ratelimit-requests-limit": "1000",
            "anthropic-ratelimit-requests-remaining": "999",
        }
    return h


def err_body(proto, code, typ, msg):
    if proto == "anthropic":
        return {"type": "error", "error": {"type": typ, "message": msg}, "request_id": "req_mock"}
    return {"error": {"message": msg, "type": typ, "param": None, "code": typ}}


ANTH_ERR = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    502: "api_error",
    503: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def keepalive(proto, v, kind=""):
    """kind: default = what the real API sends (anthropic ping event, else an SSE comment)"""
    if kind == "comment":
        return b": keepalive\n\n"
    if kind == "blank":
        return b"\n"
    if kind == "event":
        return b'event: keepalive\ndata: {"type": "keepalive", "sequence_number": 0}\n\n'
    if kind == "inprogress":
        return b'event: response.in_progress\ndata: {"type": "response.in_progress", "sequence_number": 0, "response": {"id": "resp_x", "status": "in_progress"}}\n\n'
    if proto == "anthropic":
        return b'event: ping\ndata: {"type": "ping"}\n\n'
    return b": keepalive\n\n"


def frame(proto, ev, d, om):
    data = d if isinstance(d, str) else json.dumps(d, ensure_ascii=False)
    if ev and "event_lines" not in om:
        return (f"event: {ev}\ndata: {data}\n\n").encode()
    return (f"data: {data}\n\n").encode()


def err_event(proto, typ, msg):
    if proto == "anthropic":
        return "error", {"type": "error", "error": {"type": typ, "message": msg}}
    if proto == "responses":
        if typ == "top":
            return "error", {"type": "error", "code": "server_error", "message": msg, "param": None, "sequence_number": 99}
        return "response.failed", {
            "type": "response.failed",
            "sequence_number": 99,
            "response": {
                "id": uid("resp_"),
                "object": "response",
                "created_at": int(time.time()),
                "status": "failed",
                "background": False,
                "error": {"code": typ, "message": msg},
                "incomplete_details": None,
                "output": [],
                "usage": None,
                "model": "mock",
            },
        }
    return None, {"error": {"message": msg, "type": typ, "code": typ, "param": None}}


async def model_endpoint(req, proto):
    seq, body = await log_request(req)
    t0 = time.time()
    if not isinstance(body, dict):
        return web.json_response(err_body(proto, 400, "invalid_request_error", "mock: no JSON body"), status=400)
    v = {"anthropic": view_anthropic, "chat": view_chat, "responses": view_responses}[proto](body)
    items, main = plan(v)
    items = [i for i in items if i] or [done(v, False, f"no usable tool offered: {sorted(v.tools)}")]
    S.model_requests += 1
    S.main_requests += 1 if main else 0
    f = S.pick_faults(main)
    for i in items:
        if (
            i["k"] == "text"
            and i["text"].startswith("E2E_")
            and not (set(f) & {"status", "empty", "emptyjson", "drop", "eof", "errevent"})
        ):
            S.final_texts.append(i["text"][:300])
    S.trace.append(
        {
            "seq": seq,
            "proto": proto,
            "main": main,
            "model": v.model,
            "stream": v.stream,
            "tools": len(v.tools),
            "plan": [i["k"] + ":" + (i.get("name") or i.get("text", "")[:40]) for i in items],
            "faults": sorted(f),
        }
    )
    om = set(f["omit"]["what"].split("+")) if "omit" in f else set()

    def fin(status, sent, total, how):
        S.write(
            {
                "kind": "resp",
                "seq": seq,
                "t": round(time.time(), 3),
                "status": status,
                "dur": round(time.time() - t0, 3),
                "events_sent": sent,
                "events_total": total,
                "how": how,
                "main": main,
                "plan": S.trace[-1]["plan"] if S.trace else None,
                "faults": {k: {a: b for a, b in x.items() if a not in ("kind",)} for k, x in f.items()},
            }
        )

    if "status" in f:
        code = int(f["status"].get("code", 500))
        typ = f["status"].get("type") or (
            ANTH_ERR.get(code, "api_error")
            if proto == "anthropic"
            else {429: "rate_limit_exceeded", 401: "invalid_api_key"}.get(
                code, "server_error" if code >= 500 else "invalid_request_error"
            )
        )
        h = dict(resp_headers(proto))
        if "retry_after" in f["status"]:
            h["retry-after"] = f["status"]["retry_after"]
        if "should_retry" in f["status"]:
            h["x-should-retry"] = f["status"]["should_retry"]
        fin(code, 0, 0, "status")
        if "html" in f["status"]:
            return web.Response(
                status=code, text="<html><body>%d mock gateway error</body></html>" % code, content_type="text/html", headers=h
            )
        if "nobody" in f["status"]:
            return web.Response(status=code, headers=h)
        return web.json_response(
            err_body(proto, code, typ, f["status"].get("msg", "mock %d" % code).replace("_", " ")), status=code, headers=h
        )
    if "emptyjson" in f:
        fin(200, 0, 0, "emptyjson")
        return web.json_response({})

    if "nonstream" in f:
        v.stream = False
    render = {"anthropic": render_anthropic, "chat": render_chat, "responses": render_responses}[proto]
    out = render(v, items, f)
    sl = f.get("slow")
    if sl and not ("headers" in sl and v.stream):
        try:
            await asyncio.sleep(float(sl.get("first", 1)))
        except asyncio.CancelledError:
            fin(0, 0, 0, "client-gone-before-headers")
            raise
    if not v.stream:
        fin(200, 1, 1, "json")
        return web.json_response(out, headers=resp_headers(proto))

    ctype = "application/json" if "ctype" in f else "text/event-stream; charset=utf-8"
    r = web.StreamResponse(status=200, headers={**resp_headers(proto), "content-type": ctype, "cache-control": "no-cache"})
    sent = 0
    try:
        await r.prepare(req)

        async def wait(secs, ping, kind=""):
            end = time.time() + secs
            while time.time() < end:
                await asyncio.sleep(min(ping or secs, max(0.01, end - time.time())))
                if ping and time.time() < end:
                    await r.write(keepalive(proto, v, kind))

        if sl and "headers" in sl:
            await wait(float(sl.get("first", 1)), float(sl.get("ping", 0)), sl.get("kind2", ""))
        if "empty" in f:
            await r.write_eof()
            fin(200, 0, len(out), "empty")
            return r
        for i, (ev, d) in enumerate(out):
            for k in ("drop", "eof", "errevent"):
                if k in f and i == int(f[k].get("after", 3)):
                    if k == "drop":
                        fin(200, sent, len(out), "drop")
                        if req.transport:
                            req.transport.abort()
                        return r
                    if k == "errevent":
                        ee, dd = err_event(
                            proto,
                            f[k].get("type", "overloaded_error" if proto == "anthropic" else "server_error"),
                            f[k].get("msg", "mock stream error").replace("_", " "),
                        )
                        await r.write(frame(proto, ee, dd, om))
                    await r.write_eof()
                    fin(200, sent, len(out), k)
                    return r
            if "gap" in f and i == int(f["gap"].get("after", 3)):
                await wait(float(f["gap"].get("secs", 5)), float(f["gap"].get("ping", 0)), f["gap"].get("kind2", ""))
            await r.write(frame(proto, ev, d, om))
            sent += 1
            if S.a.pace:
                await asyncio.sleep(S.a.pace)
        await r.write_eof()
        fin(200, sent, len(out), "stream")
    except (ConnectionError, asyncio.CancelledError) as ex:
        fin(200, sent, len(out), "client-gone:" + type(ex).__name__)
        raise
    return r


async def responses_ws(req):
    seq, _ = await log_request(req)
    if S.a.ws != "accept":
        S.write({"kind": "resp", "seq": seq, "status": 426 if S.a.ws == "426" else 404, "how": "ws-reject"})
        return web.json_response(
            {"error": {"message": "websocket not supported", "type": "invalid_request_error"}},
            status=426 if S.a.ws == "426" else 404,
        )
    ws = web.WebSocketResponse(max_msg_size=1 << 28)
    await ws.prepare(req)
    async for m in ws:
        if m.type != WSMsgType.TEXT:
            continue
        d = json.loads(m.data)
        S.seq += 1
        S.write({"kind": "wsmsg", "seq": S.seq, "on": seq, "t": round(time.time(), 3), "body": d})
        body = {k: x for k, x in d.items() if k not in ("type",)}
        body["stream"] = True
        v = view_responses(body)
        items, main = plan(v)
        items = [i for i in items if i]
        S.model_requests += 1
        S.main_requests += 1 if main else 0
        for _ev, dd in render_responses(v, items, {}):
            await ws.send_str(json.dumps(dd))
    S.write({"kind": "resp", "seq": seq, "status": 101, "how": f"ws-closed {ws.close_code}"})
    return ws


async def compact(req):
    seq, _body = await log_request(req)
    S.model_requests += 1
    S.write({"kind": "resp", "seq": seq, "status": 200, "how": "compact"})
    return web.json_response(
        {
            "id": uid("resp_"),
            "object": "response.compaction",
            "created_at": int(time.time()),
            "output": [
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "compacted summary"}]},
                {"id": uid("cmp_"), "type": "compaction", "encrypted_content": base64.b64encode(b"mock").decode()},
            ],
            "usage": {
                "input_tokens": 10,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": 5,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": 15,
            },
        }
    )


async def count_tokens(req):
    seq, body = await log_request(req)
    S.write({"kind": "resp", "seq": seq, "status": 404 if S.a.count == "404" else 200, "how": "count_tokens"})
    if S.a.count == "404":
        return web.json_response(err_body("anthropic", 404, "not_found_error", "no count_tokens here"), status=404)
    return web.json_response({"input_tokens": max(1, len(json.dumps(body or {})) // 4)})


MODELS = ["claude-sonnet-4-5", "claude-haiku-4-5", "deepseek-chat", "gpt-5.1-codex", "claude-mock-gateway-1"]


async def models(req):
    seq, _ = await log_request(req)
    mode = S.a.models
    S.write({"kind": "resp", "seq": seq, "status": 200 if mode != "404" else 404, "how": "models"})
    if mode == "404":
        return web.json_response({"error": {"message": "not found", "type": "invalid_request_error"}}, status=404)
    tail = req.path.rsplit("/models", 1)[1].strip("/")
    anth = "anthropic-version" in req.headers or "/anthropic" in req.path

    def one_a(m):
        return {"type": "model", "id": m, "display_name": "Mock " + m, "created_at": "2025-09-29T00:00:00Z"}

    def one_o(m):
        return {"id": m, "object": "model", "created": 1750000000, "owned_by": "mock"}

    if tail:
        return web.json_response(one_a(tail) if anth else one_o(tail))
    if anth:
        d = [one_a(m) for m in MODELS]
        return web.json_response({"data": d, "has_more": False, "first_id": d[0]["id"], "last_id": d[-1]["id"]})
    return web.json_response({"object": "list", "data": [one_o(m) for m in MODELS]})


async def embeddings(req):
    _seq, body = await log_request(req)
    inp = (body or {}).get("input")
    n = len(inp) if isinstance(inp, list) and inp and not isinstance(inp[0], int) else 1
    vec = [0.1, 0.2, 0.3]
    import struct

    e = base64.b64encode(struct.pack("<3f", *vec)).decode() if (body or {}).get("encoding_format") == "base64" else vec
    return web.json_response(
        {
            "object": "list",
            "model": (body or {}).get("model"),
            "data": [{"object": "embedding", "index": i, "embedding": e} for i in range(n)],
            "usage": {"prompt_tokens": 3, "total_tokens": 3},
        }
    )


async def control(req):
    what = req.match_info["what"]
    if what == "reset":
        S.reset()
    elif what == "set":
        S.set(req.query.get("scenario", S.scenario), req.query.get("fault", ""))
        S.reset()
    if what == "stats":
        return web.json_response(
            {
                "scenario": S.scenario,
                "counts": S.counts,
                "model_requests": S.model_requests,
                "main_requests": S.main_requests,
                "faults_fired": S.faults_fired,
                "final_texts": S.final_texts,
                "trace": S.trace[-200:],
            }
        )
    return web.json_response({"ok": True, "scenario": S.scenario})


async def dispatch(req):
    p = re.sub(r"/+$", "", req.path) or "/"
    if req.method == "POST":
        if p.endswith("/messages/count_tokens"):
            return await count_tokens(req)
        if p.endswith("/messages"):
            return await model_endpoint(req, "anthropic")
        if p.endswith("/chat/completions"):
            return await model_endpoint(req, "chat")
        if p.endswith("/responses/compact"):
            return await compact(req)
        if p.endswith("/responses"):
            return await model_endpoint(req, "responses")
        if p.endswith("/embeddings"):
            return await embeddings(req)
    if req.method == "GET":
        if p.endswith("/responses") and "upgrade" in req.headers.get("connection", "").lower():
            return await responses_ws(req)
        if re.search(r"/models(/[^/]+)?$", p):
            return await models(req)
    seq, _ = await log_request(req)
    S.write({"kind": "resp", "seq": seq, "status": 404, "how": "unknown"})
    if req.method == "HEAD":
        return web.Response(status=200 if p in ("/", "/anthropic") else 404)
    return web.json_response(
        {"error": {"message": f"mock: no route {req.method} {req.path}", "type": "not_found_error"}}, status=404
    )


def main():
    global S
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--host", default="127.0.0.1")
    ap.add_argument("--port", type=int, default=9911)
    ap.add_argument("--scenario", default="tool")
    ap.add_argument("--fault", default="")
    ap.add_argument("--log", default="")
    ap.add_argument("--ws", default="reject", choices=["reject", "426", "accept"])
    ap.add_argument("--models", default="ok", choices=["ok", "404"])
    ap.add_argument("--count", default="ok", choices=["ok", "404"], help="answer of count_tokens")
    ap.add_argument("--pace", type=float, default=0.0, help="seconds between stream events")
    ap.add_argument("--pidfile", default="")
    a = ap.parse_args()
    S = State(a)
    if a.pidfile:
        open(a.pidfile, "w").write(str(os.getpid()))
    app = web.Application(client_max_size=1 << 28)
    app.router.add_route("*", "/_mock/{what}", control)
    app.router.add_route("*", "/{tail:.*}", dispatch)
    web.run_app(
        app,
        host=a.host,
        port=a.port,
        print=lambda *x: print("mock on %s:%d scenario=%s fault=%s" % (a.host, a.port, a.scenario, a.fault), flush=True),
        handler_cancellation=True,
        access_log=None,
    )


if __name__ == "__main__":
    main()
