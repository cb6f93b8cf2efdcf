"""`axonhub usage`: a table, a chart, a page, JSON."""

import json
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from axonhub_cli.cli import usage
from axonhub_cli.config.schema import Trace
from axonhub_cli.errors import UsageError
from axonhub_cli.trace.records import RequestRecord
from axonhub_cli.trace.store import Store
from axonhub_cli.types.messages import Usage

APP = typer.Typer()
usage.register(APP)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(APP, list(arguments))


@pytest.fixture
def filled(home: Path) -> None:
    """A dear model, a cheap one that missed the cache, and one without a price."""
    store = Store(home / "traces.db", Trace(retention_days=100_000))
    store.start()
    tokens = Usage(input=12_000, output=800, cache_read=9000)
    for number, (model, cost, more) in enumerate(
        (
            ("dear", 3.0, {}),
            ("cheap", 0.3, {"verdict": "…", "verdict_cause": "idle", "missed_tokens": 9000, "missed_cost": 0.2}),
            ("<b>\x1b[31mfree", None, {}),
        )
    ):
        record = RequestRecord(
            f"ar-{number}", "t", 1e9, "anthropic", "/", model=model, cost=cost, usage=tokens, outcome="ok", **more
        )  # type: ignore[arg-type]  # a table of fields
        store.end(record, {})
    assert store.close(60)


def test_the_table(filled: None) -> None:
    """A line for each model, the dearest first, a sum, and why the cache was missed."""
    lines = run().output.splitlines()
    assert lines[0].split() == ["Model", "Requests", "Err", "In", "Cached", "Out", "Cost", "Missed"]
    assert lines[1].split() == ["dear", "1", "12.0k", "75%", "800", "$3.00"]
    assert lines[2].split() == ["cheap", "1", "12.0k", "75%", "800", "$0.300", "$0.200"]
    assert lines[3].split()[-1] == "-"
    assert lines[4].split() == ["all", "3", "36.0k", "75%", "2.4k", "$3.30+", "$0.200"]
    assert lines[5] == "Cache missed: idle, once: 9.0k tokens, $0.200 more"
    assert "\x1b" not in "".join(lines)


def test_the_chart(filled: None) -> None:
    """Bars are as long as the cost; an unknown one has none and says so."""
    lines = run("--plot").output.splitlines()
    assert lines[0].count("█") == 40
    assert lines[1].count("█") == 4
    assert "█" not in lines[2]
    assert lines[2].rstrip().endswith("-")


def test_the_page(filled: None, tmp_path: Path) -> None:
    """One file without scripts or links; names from outside are text."""
    file = tmp_path / "usage.html"
    assert run("--html", str(file)).exit_code == 0
    text = file.read_text()
    assert "&lt;b&gt;" in text
    assert not any(word in text for word in ("<script", "http:", "https:", "<b>"))


def test_the_picture(filled: None, tmp_path: Path) -> None:
    """A PNG whose first bar is as long as its room, the second a tenth of it; an unknown cost has none."""
    from PIL import Image

    file = tmp_path / "usage.png"
    shown = run("--png", str(file), "--html", str(tmp_path / "usage.html"), "--json")
    assert json.loads(shown.output)["files"] == [str(file), str(tmp_path / "usage.html")]
    with Image.open(file) as image:
        lines = [[image.getpixel((x, y * 2)) for x in range(564, 1396)] for y in (93, 127, 161)]
        blue = [sum(pixel == (0x3F, 0x83, 0xD8) for pixel in line) / len(line) for line in lines]
    assert blue == [pytest.approx(1, abs=0.02), pytest.approx(0.1, abs=0.02), 0]


def test_the_picture_needs_its_extra(filled: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Pillow the sentence says how to add it, and what needs nothing; no file is written."""
    monkeypatch.setitem(sys.modules, "PIL", None)
    refused = run("--png", str(tmp_path / "usage.png"), "--html", str(tmp_path / "usage.html"))
    assert isinstance(refused.exception, UsageError)
    assert "axonhub-cli[plot]" in (refused.exception.hint or "")
    assert list(tmp_path.glob("usage.*")) == []


def test_programs(filled: None) -> None:
    """`--json` has the rows and the causes; an unknown cost is null."""
    data = json.loads(run("--by", "client", "--json", "--since", "2000-01-01").output)
    assert (data["by"], data["rows"][0]["requests"], data["misses"][0]["cause"]) == ("client", 3, "idle")
    assert json.loads(run("--json").output)["rows"][2]["cost"] is None


def test_nothing_used(home: Path) -> None:
    """No store, or nothing in that time, is a sentence."""
    assert run().output == "Nothing was used in that time.\n"
    assert run("--html", str(home / "u.html"), "--png", str(home / "u.png")).exit_code == 0


def test_what_cannot_be_added_up(home: Path) -> None:
    """An unknown way is refused with those that there are."""
    refused = run("--by", "colour")
    assert isinstance(refused.exception, UsageError)
    assert "profile" in (refused.exception.hint or "")


@pytest.mark.parametrize(("share", "expected"), [(0, ""), (1, "████"), (2, "████"), (0.5, "██"), (0.28, "█▏"), (0.01, "")])
def test_bars(share: float, expected: str) -> None:
    """An eighth of a column is the smallest step."""
    assert usage.bar(share, 4) == expected
