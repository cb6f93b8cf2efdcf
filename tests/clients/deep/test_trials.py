"""The deep test against models that can, and cannot, in each protocol."""

from typing import Any, Literal

import pytest

from axonhub_cli.clients.deep import trials
from axonhub_cli.clients.deep.exchange import Answer
from axonhub_cli.config.capabilities import NAMES, Fact
from axonhub_cli.types.messages import Part, Response, Text, ToolCall, Usage
from axonhub_cli.types.problem import Problem
from tests.clients.deep.model import CAN, Model, model

PROTOCOLS = ["anthropic", "openai-chat", "openai-responses"]


def facts(server: Model) -> dict[str, Fact]:
    """All facts about a model."""
    return dict(trials.run(server.place))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_model_that_can_do_everything(protocol: str) -> None:
    """Each capability is found in each protocol; only Messages has a counter."""
    with model(protocol) as server:
        found = facts(server)
    assert list(found) == list(NAMES)
    states = {name: fact.state for name, fact in found.items()}
    assert states == dict.fromkeys(NAMES, "yes") | {
        "count_tokens": "yes" if protocol == "anthropic" else "no", "context": "unknown"
    }  # fmt: skip
    assert found["count_tokens"].value is not None
    assert 0.5 < found["count_tokens"].value < 2


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_model_that_can_do_little(protocol: str) -> None:
    """What it cannot do is a fact, with what happened instead; nothing raises."""
    with model(protocol, frozenset({"tools"})) as server:
        found = facts(server)
    states = {name: fact.state for name, fact in found.items()}
    assert states | {"stream": "", "count_tokens": ""} == {
        "stream": "", "tools": "yes", "parallel_tools": "no", "tool_round_trip": "yes", "reasoning": "no",
        "reasoning_replay": "unknown", "image_result": "no", "count_tokens": "", "errors": "no", "cancel": "yes",
        "forced_tool": "yes", "image": "no", "context": "unknown",
    }  # fmt: skip
    assert found["parallel_tools"].detail == "one call at a time"
    assert "no images here" in found["image_result"].detail
    assert "whatever the model is called" in found["errors"].detail


def test_a_model_without_tools() -> None:
    """It answers in words, and refuses what has tools in it."""
    with model("openai-chat", CAN - {"tools"}) as server:
        found = facts(server)
    assert (found["tools"].state, found["tool_round_trip"].state) == ("no", "no")
    assert "not supported" in found["tool_round_trip"].detail


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_reasoning_that_must_come_back(protocol: str) -> None:
    """A model that refuses its history without the reasoning is told apart from one that only takes it."""
    with model(protocol, needs_thoughts=True) as server:
        found = facts(server)
    assert found["reasoning"].state == "yes"
    assert found["reasoning_replay"] == Fact("yes", "and refuses the history without it")


def test_nobody_there() -> None:
    """One fact that says why, and no more questions."""
    with model("openai-chat") as server:
        place = server.place
    (item,) = trials.run(place)
    assert item[0] == "stream"
    assert item[1].state == "no"
    assert "Nothing listens" in item[1].detail


def test_the_cancelled_answer_is_left() -> None:
    """The model is told of it by the closed connection, while it still has much to say."""
    with model("openai-chat") as server:
        facts(server)
    assert server.left == 1


def answer(*parts: Part, finish: Literal["stop"] | None = "stop", usage: Usage | None = None, **more: Any) -> Answer:
    """An answer with these parts."""
    return Answer(response=Response(origin="openai-chat", id="r", model="m", parts=parts, finish=finish, usage=usage), **more)


ANSWER = answer(usage=Usage(input=1, output=1))
BROKEN = ToolCall(id="c", name="get_weather", arguments="{city: Paris}")
REFUSED = Answer(problem=Problem(kind="server", message="boom", status=500))
NO_USAGE = "it tells no usage; it does not say why it stopped"
CASES = {
    "whole": (trials.stream_fact(ANSWER), "partly", "one piece"),
    "no usage": (trials.stream_fact(answer(finish=None, streamed=True)), "partly", NO_USAGE),
    "broken arguments": (trials.calls_fact(answer(BROKEN), 1), "partly", "no JSON object"),
    "empty": (trials.taken_fact(ANSWER), "partly", "empty"),
    "blind": (trials.image_fact(ANSWER), "partly", "does not say"),
    "no figures": (trials.count_fact(None, 100, None), "unknown", "no usage"),
    "counted only": (trials.count_fact(90, 100, None), "partly", "no usage"),
    "a server error for a wrong name": (trials.errors_fact(REFUSED), "partly", "500: boom"),
    "slow after a cut": (trials.cancel_fact(ANSWER, answer(seconds=99)), "partly", "99.0 s"),
    "refused after a cut": (trials.cancel_fact(ANSWER, REFUSED), "no", "boom"),
    "no replay": (trials.replay_fact(REFUSED, REFUSED), "no", "boom"),
}  # fmt: skip


@pytest.mark.parametrize(("fact", "state", "detail"), CASES.values(), ids=CASES)
def test_what_an_answer_shows(fact: Fact, state: str, detail: str) -> None:
    """The cases between yes and no."""
    assert fact.state == state
    assert detail in fact.detail


def test_text_around_calls_is_kept_and_emptiness_is_not() -> None:
    """Histories that vendors refuse because of an empty text are not sent."""
    assert trials._kept([Text(text=" "), Text(text="a"), BROKEN]) == [Text(text="a"), BROKEN]
