"""The filter language: what fits, and what it says when it cannot be read."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.trace.filter import FilterError, parse
from axonhub_cli.trace.filter_words import NAMES
from axonhub_cli.trace.subject import Subject

NOW = 1_800_000_000.0
REQUEST: dict[str, Any] = {
    "id": "ar-5f2c91", "trace": "7e4a1c9d", "started": NOW - 300, "outcome": "ok", "status": 200, "stream": True,
    "client": "claude-code", "profile": "cheap", "models": ("claude-opus-4-1", "deepseek-chat"), "channels": ("glm", "deepseek"),
    "tools": ("Bash", "Read"), "losses": 2, "attempts": 2, "first_token": 2500.0, "first_byte": 300.0, "duration": 12_500.0,
    "input": 9000, "cached": 3000, "output": 2000, "reasoning": 0, "cost": 0.12, "prompt": "Fix the Flaky test",
    "verdict": "the system prompt changed", "finish": "tool_calls", "effort": "high", "lane": "convert",
}  # fmt: skip

FITS = """
~model opus · ~model DEEPSEEK · ~model "claude-opus" · ~model /^claude-(opus|sonnet)/ · ~channel glm · ~client claude · ~profile
~profile cheap · ~tool bash · ~lane conv · ~stop tool · ~effort high · ~id 5f2c · ~trace 7e4a · ~prompt flaky
~why "system prompt"
~loss · ~retry · ~failover · ~miss · ~ok · ~stream · !~err · !~side · !~agent · !~running
~cost>0.1 · ~cost > $0.1 · ~cost<=0.12 · ~cost!=1 · ~tokens>10k · ~tokens=11k · ~in<1M · ~out>=2000 · ~cached<50% · ~speed=200
~ttft>2s · ~ttft>2 · ~ttft=2500ms · ~time<1m · ~ttfb<.5s · ~status 200 · ~status 2xx · ~status<300 · ~attempts=2 · ~losses>1
~since 10m · ~since 1h · ~since 2001-01-01 · flaky · "flaky test" · 'Fix the' · /fl.ky/ · deepseek · Bash
~err | ~miss · ~miss & ~loss · ~miss ~loss · !(~err | ~side) · (~err | ~ok) flaky · !!~ok · ~reasoning=0
 · ~model opus|~err
"""
FITS_NOT = """
~model gpt · ~channel openai · ~agent · ~thread · ~tool Write · ~err · ~running · ~cancelled · ~side · ~cost>1 · ~tokens<1k
~ttft>3s
~status 429 · ~status 5xx · ~since 1m · ~since 2100-01-01 · "test flaky" · !~miss · ~err | ~side · ~miss ~err · ~err ~miss | ~side
~model /^opus/ · ~why timeout · ~cached>50%
"""


def cases(text: str) -> list[str]:
    return [case.strip() for line in text.strip("\n").split("\n") for case in line.split(" · ")]


@pytest.mark.parametrize("text", cases(FITS))
def test_what_fits(text: str) -> None:
    """Names, flags, numbers with units, times, words and their combinations."""
    assert parse(text).matches(Subject(**REQUEST), NOW)


@pytest.mark.parametrize("text", cases(FITS_NOT))
def test_what_does_not_fit(text: str) -> None:
    """The other side of the same questions."""
    assert not parse(text).matches(Subject(**REQUEST), NOW)


def test_what_is_not_known_fits_no_number() -> None:
    """A request that still runs has no cost: it is neither above nor below."""
    bare = Subject("ar-1", "t", NOW)
    for text in ("~cost<1", "~cost>1", "~cost!=1", "~tokens<1k", "~cached<50%", "~ttft<1h", "~speed<9k", "~status 0"):
        assert not parse(text).matches(bare, NOW), text


def test_or_binds_weaker_than_and() -> None:
    """`a b | c` is `(a b) | c`."""
    subject = Subject("ar-1", "t", NOW, outcome="error", kind="title")
    assert parse("~ok ~side | ~err").matches(subject, NOW)
    assert not parse("~ok (~side | ~err)").matches(subject, NOW)


@pytest.mark.parametrize(
    ("text", "at", "words", "hint"),
    [("~cots>1", 0, "there is no ~cots", "~cost"), ("~model x ~zzzz", 9, "there is no ~zzzz", "~since ~status"),
     ("~cost", 5, "wants to be compared", "~cost>0.1"), ("~cost>much", 6, "wants a number", "~cost>0.1"),
     ("~ttft>2k", 6, "wants a number", "~ttft>2s"), ("~status abc", 8, "wants a number", "5xx"),
     ("~since yesterday", 7, "wants a time", "10m"), ("(~err", 0, "not closed", ")"), ("~err)", 4, "closes nothing", "("),
     ("~err |", 6, "missing at the end", "~err"),
     ("& ~err", 0, "missing before &", "~err"), ("!", 1, "missing at the end", "~err"),
     ("()", 1, "missing before )", "~err"), ('"open', 0, "quote", '"'), ("~model /(/", 7, "no regular expression", "Quote"),
     ("!" * 60 + "~err", 50, "too deeply", "flatter"), ("~", 0, "there is no ~", "~since")],
)  # fmt: skip
def test_what_cannot_be_read_says_where(text: str, at: int, words: str, hint: str) -> None:
    """Place, reason and remedy."""
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert caught.value.at == at
    assert words in caught.value.message
    assert hint in (caught.value.hint or "")
    assert caught.value.exit_code == 2


def test_it_knows_what_it_depends_on() -> None:
    """Time and words are dear; whoever remembers answers must know."""
    assert (parse("~since 10m").timed, parse("~err").timed) == (True, False)
    assert (parse("~err flaky").wordy, parse("~prompt flaky").wordy) == (True, False)


@given(text=st.lists(st.sampled_from([*"()&|!~<>=/\"' ", *("~" + name for name in NAMES), "10m", "x", "/a/", "é"]), max_size=12))
def test_every_text_is_a_filter_or_an_error_inside_it(text: list[str]) -> None:
    """Nothing else is raised, the place is inside the text, and what was understood answers."""
    joined = "".join(text)
    place, fits = 0, False
    try:
        fits = parse(joined).matches(Subject(**REQUEST), NOW)
    except FilterError as error:
        place = error.at
    assert 0 <= place <= len(joined)
    assert fits in (True, False)
