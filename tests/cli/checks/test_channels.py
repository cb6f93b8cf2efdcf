"""Channels as doctor sees them, against a real loopback server."""

from pathlib import Path

import pytest

from axonhub_cli.cli.checks import channels
from axonhub_cli.cli.checks.finding import Finding
from axonhub_cli.config.ratios import Ratios
from axonhub_cli.config.schema import Channel
from tests.cli.local_server import model_server


def look(url: str, *, call: bool = False, **settings: object) -> list[Finding]:
    """The findings about a Chat channel there."""
    return list(channels.channel(Channel(name="c", type="openai-chat", base_url=f"{url}/v1", **settings), call=call))  # type: ignore[arg-type]


def test_a_channel_that_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The models are counted; a token is asked for only on request."""
    monkeypatch.setenv("GOOD", "good")
    with model_server("m1", "m2", key="good") as server:
        assert [item.status for item in look(server.url, secrets=("env:GOOD",))] == ["ok"]
        assert [method for method, _, _ in server.asked] == ["GET"]
        assert [item.status for item in look(server.url, secrets=("env:GOOD",), call=True)] == ["ok", "ok"]
        assert server.asked[-1][2]["model"] == "m1"


def test_what_can_be_wrong_with_a_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused secret, a name it does not list, a missing list, a closed port: each with a remedy that names the channel."""
    monkeypatch.setenv("BAD", "bad")
    with model_server("deepseek-chat", key="good") as server:
        (refused,) = look(server.url, secrets=("env:BAD",))
        assert refused.status == "fail"
        assert "channel secret c" in str(refused.remedy)
        (unread,) = look(server.url, secrets=("env:ABSENT",))
        assert unread.status == "warn"
    with model_server("deepseek-chat") as server:
        listed, missing = look(server.url, models=("deepsek-chat",))
        assert (listed.status, missing.status) == ("ok", "warn")
        assert "deepseek-chat" in str(missing.remedy)
        (unlisted,) = look(f"{server.url}/elsewhere")
        assert unlisted.status == "warn"
    (closed,) = look(server.url)
    assert closed.status == "fail"
    assert "Nothing listens" in closed.text
    assert "bad" not in refused.text


def test_a_channel_that_is_off_is_not_asked() -> None:
    """It may be off because it does not work."""
    with model_server("m") as server:
        assert [item.status for item in look(server.url, enabled=False)] == ["ok"]
        assert server.asked == []


@pytest.mark.parametrize(("skew", "text"), [(3600, "behind"), (-3600, "ahead"), (0, None)])
def test_the_clock_is_compared_with_the_providers(skew: float, text: str | None) -> None:
    """An hour's difference is a remark that says in which direction."""
    with model_server("m") as server:
        server.skew = skew
        said = [item.text for item in look(server.url) if item.name == "clock"]
    assert [text in item for item in said if text] == ([True] if text else [])
    assert len(said) == bool(text)


def test_how_far_off_counted_tokens_are(home: Path) -> None:
    """Known models are told with their ratio; one that jumps about, and is told too little, is a warning."""
    known = Ratios()
    for number in range(10):
        known.learn("c", "steady", 1000, 1200)
        known.learn("c", "wild", 1000, 3000 if number % 4 == 3 else 1000)
    known.learn("c", "new", 1000, 1200)
    known.save(home / "ratios.json")
    with model_server("steady") as server:
        _, steady, wild = look(server.url)
    assert (steady.status, wild.status) == ("ok", "warn")
    assert steady.text.startswith("tokens of steady: estimated × 1.24, from 10 answers")
    assert "compact" in str(wild.remedy)
