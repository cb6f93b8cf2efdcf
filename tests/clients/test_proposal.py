"""The first profile: whose names lead where."""

import re

import pytest

from axonhub_cli.clients.discovery import Found
from axonhub_cli.clients.proposal import Choice, chat_models, homeless, rules
from axonhub_cli.config.schema import Mapping, Profile
from axonhub_cli.routing.mapping import resolve


def found(*types: str) -> list[Found]:
    """Channels of these types, named after them."""
    return [Found(name=f"my-{type_}", type=type_, title="", where="") for type_ in types]


MODEL = Choice(channel="my-deepseek", model="big", small="small")
PLAIN = Choice(channel="my-deepseek", model="big")
OWN = Choice(channel="my-anthropic", model="claude-x")
CASES = {
    # channels, choice, asked → model (and channel, where it is not the chosen one)
    "small": (
        ("deepseek",),
        MODEL,
        {"claude-haiku-4-5": "small", "o4-mini": "small", "claude-sonnet-4-5": "big", "gpt-6": "big"},
    ),
    "no small model": (("deepseek",), PLAIN, {"claude-haiku-4-5": "big", "gpt-5-nano": "big"}),
    "beside anthropic": (("anthropic", "deepseek"), MODEL, {"claude-x": "claude-x @my-anthropic", "gpt-6": "big"}),
    "both vendors": (("anthropic", "openai"), None, {"claude-x": "claude-x @my-anthropic", "gpt-x": "gpt-x @my-openai"}),
    "anthropic alone": (("anthropic",), OWN, {"claude-y": "claude-y @", "gpt-6": "claude-x"}),
    "nothing chosen": (("deepseek",), None, {"claude-x": "claude-x @", "other": "other @"}),
}


@pytest.mark.parametrize(("types", "choice", "expected"), CASES.values(), ids=CASES)
def test_names_lead_where_they_should(types: tuple[str, ...], choice: Choice | None, expected: dict[str, str]) -> None:
    """Vendors keep their families; the rest goes to the chosen model, small ones to the small one."""
    made = rules(found(*types), choice)
    profile = Profile(mappings=tuple(Mapping(to=rule.to, regex=rule.regex, channel=rule.channel) for rule in made))
    for asked, wanted in expected.items():
        answer = resolve(profile, asked)
        full = wanted if "@" in wanted else f"{wanted} @{choice.channel if choice else ''}"
        assert f"{answer.model} @{answer.channel or ''}" == full


def test_every_regex_compiles_and_needs_the_whole_name() -> None:
    """A family's regex does not take names that only contain one of its own."""
    for rule in rules(found("deepseek"), MODEL):
        assert re.compile(rule.regex).fullmatch("my-claude-or-gpt") is None


@pytest.mark.parametrize(("types", "answer"), [(("anthropic", "openai"), False), (("anthropic",), True), (("ollama",), True)])
def test_a_model_is_asked_for_where_a_vendor_is_missing(types: tuple[str, ...], answer: bool) -> None:
    """With both vendors there is nothing to choose."""
    assert homeless(found(*types)) is answer


def test_models_that_cannot_talk_are_not_offered() -> None:
    """Embeddings, rerankers and speech are told by their names."""
    assert chat_models(["nomic-embed-text", "qwen3", "whisper-1", "bge-reranker"]) == ["qwen3"]
