"""Mappings: the first match wins, one pass, regexes anchored."""

import pytest

from axonhub_cli.config.schema import Mapping, Profile
from axonhub_cli.routing.mapping import plain, resolve

PROFILE = Profile(
    mappings=(
        Mapping(exact="claude-sonnet-4-5", to="deepseek-reasoner", channel="deepseek"),
        Mapping(regex="claude-haiku-.*", to="deepseek-chat"),
        Mapping(regex=r"gpt-(\d+)(?P<rest>.*)", to=r"local-\1\g<rest>"),
        Mapping(exact="deepseek-chat", to="never-reached-in-one-pass"),
    )
)

CASES = [
    ("claude-sonnet-4-5", "deepseek-reasoner", 0),
    ("claude-sonnet-4-5[1m]", "deepseek-reasoner", 0),
    ("claude-haiku-4-5", "deepseek-chat", 1),
    ("xclaude-haiku-4-5", "xclaude-haiku-4-5", None),
    ("claude-haiku", "claude-haiku", None),
    ("Claude-Haiku-4", "Claude-Haiku-4", None),
    ("gpt-5.5", "local-5.5", 2),
    ("deepseek-chat", "never-reached-in-one-pass", 3),
    ("unknown", "unknown", None),
]


@pytest.mark.parametrize(("asked", "target", "index"), CASES)
def test_the_first_rule_that_matches_decides(asked: str, target: str, index: int | None) -> None:
    """Exact and regex rules are tried in order; a name that no rule matches passes unchanged."""
    found = resolve(PROFILE, asked)

    assert (found.model, found.index) == (target, index)


def test_a_rule_may_pin_a_channel() -> None:
    """The pinned channel travels with the resolution."""
    assert resolve(PROFILE, "claude-sonnet-4-5").channel == "deepseek"


def test_without_a_profile_names_pass_unchanged() -> None:
    """No profile means no rule, but client-side suffixes still go."""
    assert resolve(None, "claude-opus-5-5[1m]").model == "claude-opus-5-5"


@pytest.mark.parametrize(("name", "expected"), [("a[1m]", "a"), ("a", "a"), (" a ", "a"), ("a[1m]b", "a[1m]b"), ("[x]", "")])
def test_plain_strips_only_a_suffix_in_brackets(name: str, expected: str) -> None:
    """Only what stands in brackets at the end is the client's own."""
    assert plain(name) == expected
