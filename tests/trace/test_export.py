"""Exports: each form is what its readers expect, and no secret leaves with it."""

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.trace import page
from axonhub_cli.trace.conversation import Said
from axonhub_cli.trace.export import EXPORTS, Exported
from axonhub_cli.trace.reader import reader
from axonhub_cli.trace.records import AttemptRecord, RequestRecord
from axonhub_cli.trace.redact import Redactor
from axonhub_cli.trace.store import Store
from axonhub_cli.types.messages import Loss, Usage

MakeRecord = Callable[..., RequestRecord]
MakeStore = Callable[..., Store]
SECRET = "value-that-was-learned-later"
EVIL = "<script>alert(1)</script>'\"&"
CHROMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture
def exported(database: Path, make_store: MakeStore, make_record: MakeRecord) -> Exported:
    """A trace of two requests: a failover that lost something, and a failure; hostile texts everywhere, a secret in a prompt."""
    store = make_store()
    first = make_record(
        "ar-1", outcome="ok", status=200, model="deepseek-chat", asked_model=EVIL, channel="deepseek", stream=True, prompt=EVIL,
        duration_ms=3000.0, first_token_ms=1000.0, cost=0.5, finish="stop", usage=Usage(input=9000, output=80, cache_read=10),
        losses=[Loss("dropped", "top_k", "unknown there")], verdict="idle for 7 min", missed_tokens=8000,
        attempts=[AttemptRecord(0, "a", "anthropic", "m", outcome="error", status=529, reason=EVIL, duration_ms=5.0),
                  AttemptRecord(1, "deepseek", "openai-chat", "deepseek-chat", outcome="ok", started_ms=5.0)],
    )  # fmt: skip
    second = make_record("ar-2", started=1e9 + 5, outcome="error", status=502, error=EVIL, agent="a1", kind="title")
    asked = {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": f"{EVIL} {SECRET}"}]}
    answer = 'data: {"id":"x","model":"m","choices":[{"index":0,"delta":{"content":%s}}]}\n\n' % json.dumps(EVIL + "x" * 2000)  # noqa: UP031  # braces
    store.end(first, {"client_request": json.dumps(asked).encode(), "upstream_response": answer.encode()})
    store.end(second, {})
    assert store.flush(10)
    with reader(database) as traces:
        trace = traces.trace("trace-1")
        assert trace is not None
        bodies = {request["id"]: traces.bodies(request["id"]) for request in trace["requests"]}
    return Exported(trace, bodies, Redactor([SECRET]))


def test_jsonl(exported: Exported) -> None:
    """A line for each request, with its bodies."""
    lines = [json.loads(line) for line in EXPORTS["jsonl"](exported).splitlines()]
    assert [line["id"] for line in lines] == ["ar-1", "ar-2"]
    assert json.loads(lines[0]["bodies"]["client_request"])["messages"][0]["content"] == f"{EVIL} [***]"


def test_har(exported: Exported) -> None:
    """What HAR 1.2 demands of a log and of its entries."""
    log = json.loads(EXPORTS["har"](exported))["log"]
    assert (log["version"], log["creator"]["name"], len(log["entries"])) == ("1.2", "axonhub", 2)
    entry = log["entries"][0]
    assert entry["startedDateTime"].startswith("2001-09-09T01:46:40")
    assert entry["time"] == sum(entry["timings"].values()) == 3000.0
    assert entry["request"].keys() >= {
        "method",
        "url",
        "httpVersion",
        "cookies",
        "headers",
        "queryString",
        "headersSize",
        "bodySize",
    }
    assert entry["response"].keys() >= {"status", "statusText", "httpVersion", "cookies", "headers", "content", "redirectURL"}


def test_otlp(exported: Exported) -> None:
    """Session, turn, requests and attempts form one tree; the attempt that answered has the tokens, and nothing else has."""
    (resource,) = json.loads(EXPORTS["otlp"](exported))["resourceSpans"]
    spans = resource["scopeSpans"][0]["spans"]
    by_id = {span["spanId"]: span for span in spans}
    assert [span["name"].split()[0] for span in spans] == ["claude-code", "invoke_agent", "POST", "chat", "chat", "POST"]
    parents = [by_id[span["parentSpanId"]]["name"].split()[0] if "parentSpanId" in span else "" for span in spans]
    assert parents == ["", "claude-code", "invoke_agent", "POST", "POST", "invoke_agent"]
    assert {(len(span["traceId"]), len(span["spanId"])) for span in spans} == {(32, 16)}
    found = [{each["key"]: next(iter(each["value"].values())) for each in span["attributes"]} for span in spans]
    assert [values.get("gen_ai.usage.input_tokens") for values in found] == [None, None, None, None, "9000", None]
    assert found[4]["gen_ai.response.model"] == "deepseek-chat"
    assert [span["status"].get("code") for span in spans] == [None, None, None, 2, None, 2]


def test_otlp_is_what_a_collector_reads(exported: Exported) -> None:
    """OpenTelemetry's own protocol takes the JSON, with every field of it. (In JSON ids are hexadecimal, which its general reader
    does not know.)"""
    from google.protobuf.json_format import ParseDict
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    data = json.loads(EXPORTS["otlp"](exported))
    for span in data["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        for name in ("traceId", "spanId", "parentSpanId"):
            if name in span:
                span[name] = base64.b64encode(bytes.fromhex(span[name])).decode()
    read = ParseDict(data, ExportTraceServiceRequest())
    assert len(read.resource_spans[0].scope_spans[0].spans) == 6


def test_curl(exported: Exported) -> None:
    """A shell gets the body as it was sent, whatever is in it, and the key from the environment."""
    one = Exported({**exported.trace, "requests": exported.trace["requests"][:1]}, exported.bodies, exported.redactor)
    command = EXPORTS["curl"](one)
    shown = subprocess.run(["sh"], input=f"curl() {{ cat; }}\n{command}".encode(), capture_output=True, check=True)
    assert json.loads(shown.stdout)["messages"][0]["content"] == f"{EVIL} [***]"
    assert "Bearer $AXONHUB_KEY" in command


@pytest.mark.parametrize("body", [b"x" * 300_000, b"BODY", b"\nBODY\nBODY_\n", b"$(echo no) `no` \\ 'x'"])
def test_curl_takes_any_body(exported: Exported, body: bytes) -> None:
    """However long it is, and whatever stands in it."""
    (request,) = exported.trace["requests"][:1]
    one = Exported(
        {**exported.trace, "requests": [request]}, {request["id"]: {"client_request": body}}, Redactor(), "http://[::1]:9"
    )
    command = EXPORTS["curl"](one)
    shown = subprocess.run(["sh"], input=f"curl() {{ cat; }}\n{command}".encode(), capture_output=True, check=True)
    assert shown.stdout == body + b"\n"
    assert command.startswith("curl -N 'http://[::1]:9/v1/messages' ")


class Tags(HTMLParser):
    """Which elements and attributes a page has."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.attributes: set[tuple[str, str]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.attributes.update((name, value or "") for name, value in attrs)


def test_the_page_is_only_text(exported: Exported) -> None:
    """Nothing that loads or links elsewhere, no script but its own; what was written by others is text; the secret is masked."""
    text = EXPORTS["html"](exported)
    tags = Tags()
    tags.feed(text)
    assert not {"link", "img", "iframe", "form", "object", "base"} & set(tags.seen)
    assert tags.seen.count("script") == 1
    assert not {name for name, _ in tags.attributes if name.startswith("on") or name == "src"}
    assert {value for name, value in tags.attributes if name == "href"} == {"#ar-1", "#ar-2", "#turn-1"}
    assert "default-src 'none'" in text
    assert SECRET not in text
    for words in ("Turn 1", "receipt: dropped top_k", "cache missed: idle for 7 min (8,000 tokens)", "attempt 1 @a error 529"):
        assert words in text


def browse(file: Path, folder: Path) -> str:
    """The page as Chromium has it after its scripts ran, or a skip."""
    browser = next(filter(None, map(shutil.which, CHROMES)), None)
    if browser is None:
        pytest.skip("no Chromium here")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}", "--dump-dom"]
    return subprocess.run([*command, file.as_uri()], capture_output=True, text=True, check=True, timeout=100).stdout


def test_the_page_in_a_browser(exported: Exported, tmp_path: Path) -> None:
    """Chromium shows it, offline, and runs its own script and no other."""
    file = tmp_path / "page.html"
    file.write_text(EXPORTS["html"](exported).replace("</title>", "</title><script>document.title='ran'</script>"))
    shown = browse(file, tmp_path)
    assert "<title>ran" not in shown
    assert '<body class="live">' in shown
    assert '<div class="track">' in shown
    assert "Turn 1" in shown


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("one\ntwo", ""),
        ("\n".join(f"line {number}" for number in range(40)), "28 more lines"),
        ("x" * 5000, "3,400 more characters"),
    ],
)
def test_long_texts_are_folded_and_whole(text: str, folded: str) -> None:
    """What is seen and what is folded are the text, nothing is left out."""
    shown = page._folded(text)
    assert (folded in shown, "<details>" in shown) == (True, bool(folded))
    pieces = re.findall(r"<pre>(.*?)</pre>", shown, re.DOTALL)
    assert text in ("".join(pieces), "\n".join(pieces))


def test_hostile_characters_are_shown() -> None:
    """What turns letters around, or a terminal's colours on, stands in the page as a sign; ends of lines are those of a page."""
    found = page._said(Said("tool", "a\r\n\u202eb\x1b[31m\x00\x9b", "Ba\x07sh"), Redactor())
    assert "<pre>a\n\ufffdb␛[31m␀\ufffd</pre>" in found
    assert "Ba␇sh" in found


def test_calls_and_code_are_set_as_such() -> None:
    """A call's arguments stand one a line, a model's code in blocks of its own; what is neither stays as it is."""
    assert page._readable('{"command":"ls\\n-l","n":[1]}') == "command: ls\n-l\nn: [1]"
    assert (page._readable("[1]"), page._readable("{")) == ("[1]", "{")
    code = "".join(page._blocks("See:\n```py\na < b\n```\nDone."))
    assert code == '<pre>See:</pre><pre class="code">a &lt; b</pre><pre>Done.</pre>'


def test_other_values(exported: Exported) -> None:
    """A trace without prices or tokens is exported too."""
    bare: dict[str, Any] = {**exported.trace, "cost": None, "input_tokens": None, "cached_tokens": None, "output_tokens": None}
    assert "<dt>Cost</dt><dd>-<small>unknown</small>" in EXPORTS["html"](Exported(bare, {}, Redactor()))
