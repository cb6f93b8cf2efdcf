"""Prices: known ones are counted with their cache figures, unknown ones stay unknown."""

import subprocess
import sys

import pytest

from axonhub_cli.pricing import context_window, cost, load
from axonhub_cli.types.messages import Usage
from axonhub_cli.types.price import Price

USAGE = Usage(input=10_000, output=1_000, cache_read=4_000, cache_write_5m=1_000)


def test_cache_figures_have_their_own_price() -> None:
    """5000 plain, 4000 read, 1000 written, 1000 out: at 3, 0.3, 3.75 (6 when kept an hour) and 15 dollars a million."""
    assert cost("claude-sonnet-4-5", USAGE) == pytest.approx(0.015 + 0.0012 + 0.00375 + 0.015)
    hour = Usage(input=10_000, output=1_000, cache_read=4_000, cache_write_1h=1_000)
    assert cost("claude-sonnet-4-5", hour) == pytest.approx(0.015 + 0.0012 + 0.006 + 0.015)


@pytest.mark.parametrize(
    "hint", [None, "deepseek", "https://api.deepseek.com/anthropic", "my-channel", "https://gateway.example/v1", "https://[x"]
)
def test_hints_find_the_provider(hint: str | None) -> None:
    """A name or an address finds the provider; one that nobody knows leaves it to the model's name."""
    price = cost("deepseek-chat", USAGE, hint)
    assert price is not None
    assert price > 0


UNKNOWN = [
    ("a model that nobody sells", "no-such-model-7b", USAGE, None),
    ("a model that this provider does not sell", "gpt-5.5", USAGE, "deepseek"),
    ("no usage", "claude-sonnet-4-5", None, None),
    ("no output figure", "claude-sonnet-4-5", Usage(input=5), None),
    ("more cached than read", "claude-sonnet-4-5", Usage(input=1, output=1, cache_read=9), None),
    ("a negative figure", "claude-sonnet-4-5", Usage(input=-1, output=1), None),
    ("on this machine", "claude-sonnet-4-5", USAGE, "local"),
    ("the built-in model", "claude-sonnet-4-5", USAGE, "demo"),
    ("on this machine, by address", "claude-sonnet-4-5", USAGE, "http://127.0.0.1:11434/v1"),
]


@pytest.mark.parametrize(("model", "usage", "hint"), [case[1:] for case in UNKNOWN], ids=[case[0] for case in UNKNOWN])
def test_unknown_is_unknown(model: str, usage: Usage | None, hint: str | None) -> None:
    """What cannot be known is None, never 0."""
    assert cost(model, usage, hint) is None


def test_loading_before_the_first_price() -> None:
    """`load` may come first, and more than once."""
    load()
    load()
    assert cost("claude-sonnet-4-5", USAGE)


def test_the_price_list_is_not_imported_before_it_is_needed() -> None:
    """Importing the module does not load the large list."""
    code = "import sys, axonhub_cli.pricing; sys.exit('genai_prices' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_users_own_price_wins() -> None:
    """A price in the configuration is taken before any list, also for models that run at home."""
    own = {"claude-sonnet-4-5": Price(input=1, output=2, cache_read=0, cache_write_5m=0), "llama": Price(input=0, output=1)}
    assert cost("claude-sonnet-4-5", USAGE, None, own) == pytest.approx(0.005 + 0.002)
    assert cost("llama", USAGE, "http://localhost:11434/v1", own) == pytest.approx(0.001)
    assert cost("other", USAGE, "local", own) is None
    assert cost("llama", Usage(input=1), None, own) is None


def test_how_much_a_model_holds_is_known_or_none() -> None:
    """By the list, for the provider at that address; what it does not know is None, never a guess."""
    assert context_window("claude-sonnet-4-5", "https://api.anthropic.com") == 200_000
    assert context_window("claude-sonnet-4-5", "https://api.deepseek.com") is None
    assert context_window("nobody-knows-this") is None


def test_a_model_that_the_list_lacks_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking in vain is the list's slowest answer; the second one comes from memory."""
    import genai_prices.data_snapshot as data

    asked: list[str] = []
    find = data.DataSnapshot.find_provider_model

    def counted(self: data.DataSnapshot, model: str, *rest: object) -> object:
        asked.append(model)
        return find(self, model, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(data.DataSnapshot, "find_provider_model", counted)
    usage = Usage(input=10, output=5)
    assert [cost("model-of-nobody-7", usage, "openai") for _ in range(3)] == [None, None, None]
    assert asked == ["model-of-nobody-7"]
