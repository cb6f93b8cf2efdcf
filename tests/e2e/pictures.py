"""The pictures in the README: `python -m tests.e2e.pictures` writes .github/pictures/*.svg (AXONHUB_E2E_NODE as for the tests).

Real clients talk through a real server to `story`; the live feed is recorded, and screens are drawn from it as the tree draws
them in a terminal. Nothing in a picture is fetched from anywhere: fonts are the reader's own. With a file's name as argument the
feed is written there: `tests/cli/tail/feed.jsonl`, from which the tests of screens draw, is made so.
"""

import io
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.terminal_theme import TerminalTheme

from axonhub_cli.cli.events import watch
from axonhub_cli.cli.tail.commands import Stored
from axonhub_cli.cli.tail.detail import Detail
from axonhub_cli.cli.tail.find import node
from axonhub_cli.cli.tail.frame import Composer
from axonhub_cli.cli.tail.model import Tree
from axonhub_cli.cli.tail.ui import Ui
from tests.e2e import harness, story
from tests.e2e.processes import Running, client_binary, end, free_port, start_axonhub, wait_for

OUT = Path(__file__).parents[2] / ".github" / "pictures"
THEME = TerminalTheme(
    (13, 17, 23), (214, 220, 228),
    [(72, 79, 88), (255, 123, 114), (126, 211, 133), (227, 179, 65), (108, 182, 255), (210, 168, 255),
     (86, 212, 221), (230, 237, 243)],
)  # fmt: skip
FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
CONFIG = """
[[channels]]
name = "deepseek"
type = "openai-chat"
base_url = "{url}/v1"
models = ["deepseek-chat", "deepseek-reasoner"]

[[channels]]
name = "work"
type = "openai-responses"
base_url = "{busy}/v1"
models = ["gpt-5"]

[[channels]]
name = "spare"
type = "openai-responses"
base_url = "{url}/v1"
models = ["gpt-5"]
priority = 1

[prices."deepseek-reasoner"]
input = 0.55
cache_read = 0.14
output = 2.19

[prices."gpt-5"]
input = 1.25
cache_read = 0.125
output = 10

[profiles.everyday]
mappings = [
  {{ regex = "claude-(opus|sonnet).*", to = "deepseek-reasoner" }},
  {{ regex = "claude-haiku.*", to = "deepseek-chat" }},
  {{ regex = "gpt-.*", to = "gpt-5" }},
]
"""
Events = list[dict[str, Any]]


class Stage:
    """The upstreams, the server, and what its feed has said."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.events = folder, Events()
        self._upstreams = [
            self._upstream(),
            self._upstream("--fault", "status:code=529,type=overloaded_error,all=1,msg=Overloaded._Try_again_later."),
        ]
        urls = [url for _, url in self._upstreams]
        config = CONFIG.format(url=urls[0], busy=urls[1])
        self.hub: Running = start_axonhub(folder / "home", config, "--profile", "everyday", keys={"laptop": None})
        threading.Thread(target=self._listen, daemon=True).start()

    def _upstream(self, *more: str) -> "tuple[subprocess.Popen[bytes], str]":
        port = free_port()
        command = [sys.executable, "-m", "tests.e2e.story", "--port", str(port), "--pace", "0.05", *more]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_for(f"http://127.0.0.1:{port}/_mock/ping", process)
        return process, f"http://127.0.0.1:{port}"

    def _listen(self) -> None:
        for event in watch(self.hub.home / "server.json" if self.hub.home else Path()):
            self.events.append({**event, "port": 8090} if event["type"] == "hello" else event)

    def client(self, kind: str, model: str) -> Any:
        """A client that has not said anything yet."""
        os.environ[f"{kind.upper()}_BIN"] = str(client_binary(kind))
        os.environ["E2E_TMP"] = str(self.folder / "clients")
        base = f"{self.hub.url}/anthropic" if kind == "claude" else f"{self.hub.url}/v1"
        run = harness.Run(kind, base, self.hub.tokens["laptop"], "")
        run.model, run.timeout = model, 120.0
        return run

    def close(self) -> None:
        for process in (self.hub.process, *(process for process, _ in self._upstreams)):
            end(process)


def screen(
    name: str, events: Events, now: float, size: tuple[int, int], choose: Callable[[Tree, Ui], None] | None = None
) -> None:
    """Draw the screen of a moment into a file."""
    tree, ui = Tree(), Ui()
    for event in events:
        if event.get("t", 0) <= now:
            tree.apply(event)
    if choose is not None:
        choose(tree, ui)
    lines = Composer(tree, ui, *size, now).frame().lines
    blank = [index for index, line in enumerate(lines) if not line.plain.strip()]
    lines = [line for index, line in enumerate(lines) if index not in blank or index - 1 not in blank]
    console = Console(record=True, width=size[0], file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for line in lines:
        console.print(line, no_wrap=True, overflow="crop", highlight=False)
    svg = console.export_svg(title="axonhub serve", theme=THEME, unique_id=name)
    svg = re.sub(r"\s*@font-face \{[^}]*\}", "", svg).replace("Fira Code, monospace", FONTS)
    svg = re.sub(r"<!--.*?-->\s*", "", svg).replace("font-family: arial;", f"font-family: {FONTS};")
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / f"{name}.svg").write_text(svg.replace("&#160;", "\u00a0"), encoding="utf-8")
    print(name, len(svg) // 1000, "kB")


def told(events: Events, kind: str, **fields: Any) -> Events:
    """The events of a kind with these values."""
    return [event for event in events if event["type"] == kind and all(event.get(key) == value for key, value in fields.items())]


def claude(stage: Stage) -> None:
    """A session with a sub-agent, caught while the sub-agent answers; then a turn that offers one tool less."""
    run, start = stage.client("claude", "claude-sonnet-4-5"), len(stage.events)
    run.claude(story.FLAKY)
    time.sleep(0.5)
    hello, mine = told(stage.events, "hello"), stage.events[start:]
    child = [event["id"] for event in mine if event["type"] == "request" and event.get("agent")]
    spoken = told(mine, "delta", id=child[-1])
    screen("subagent", hello + mine, spoken[int(len(spoken) * 0.8)]["t"], (110, 30))
    run.claude(story.AGAIN, more=("--continue", "--disallowedTools=WebSearch"))
    time.sleep(1.0)
    mine = stage.events[start:]
    screen("cache-miss", hello + mine, mine[-1]["t"] + 2, (110, 24))

    def detail(tree: Tree, ui: Ui) -> None:
        missed = [request for request in tree.requests.values() if request.verdict]
        ui.detail = Detail(missed[-1].key)
        found = node(tree, ui.detail.key)
        assert found is not None
        os.environ["AXONHUB_HOME"] = str(stage.hub.home)
        ui.detail.update(*found, Stored(), 110, mine[-1]["t"] + 2)

    screen("detail", hello + mine, mine[-1]["t"] + 2, (110, 30), detail)


def codex(stage: Stage) -> None:
    """A Codex session whose first channel is overloaded: every request fails over, unseen by the client."""
    run, start = stage.client("codex", "gpt-5"), len(stage.events)
    run.codex(story.REPORT)
    time.sleep(0.5)
    hello, mine = told(stage.events, "hello"), stage.events[start:]
    deltas = told(mine, "delta")
    last = [event for event in deltas if event["id"] == deltas[-1]["id"]]
    screen("codex", hello + mine, last[len(last) // 2]["t"], (110, 26))
    failed = next(event for event in mine if event["type"] == "attempt" and event["attempt"]["outcome"] == "error")
    after = [event["t"] for event in deltas if event["id"] == failed["id"]]
    screen("failover", hello + mine, after[len(after) // 2], (110, 20))


def main() -> None:
    """Run the clients, write the pictures."""
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder))
        try:
            claude(stage)
            codex(stage)
        finally:
            stage.close()
        for name in sys.argv[1:]:
            Path(name).write_text("".join(json.dumps(event) + "\n" for event in stage.events), encoding="utf-8")


if __name__ == "__main__":
    main()
