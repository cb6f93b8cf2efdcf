"""Thinking, output limits and sampling, in the combinations that Anthropic accepts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.protocols.anthropic import CODEC
from axonhub_cli.protocols.base import Losses, Target
from axonhub_cli.types.messages import Message, Reasoning, Request, Seal, Text, Thinking, Tool, ToolCall, ToolChoice, ToolResult
from axonhub_cli.types.quirks import Quirks

USER = Message(role="user", parts=(Text(text="Hi"),))


def write(quirks: dict[str, Any], **fields: Any) -> tuple[dict[str, Any], list[str]]:
    """The body less its messages, and the paths of its losses."""
    losses = Losses()
    asked = Request(**{"origin": "openai-chat", "model": "m", "messages": (USER,), **fields})
    body = CODEC.write_request(asked, Target(model="m", quirks=Quirks(**quirks)), losses)
    return {key: value for key, value in body.items() if key not in ("model", "messages", "tools")}, [
        loss.path for loss in losses.items
    ]


def budget(tokens: int, max_tokens: int = 32000) -> dict[str, Any]:
    return {"max_tokens": max_tokens, "thinking": {"type": "enabled", "budget_tokens": tokens}}


def adaptive(effort: str | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"max_tokens": 32000, "thinking": {"type": "adaptive"}}
    return body if effort is None else {**body, "output_config": {"effort": effort}}


OLD = {"adaptive": False}
CASES: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any], list[str]]] = [
    # quirks, request, body, losses
    ({}, {}, {"max_tokens": 32000}, []),
    ({"default_max_tokens": 8192}, {}, {"max_tokens": 8192}, []),
    ({"max_output_tokens": 8192}, {}, {"max_tokens": 8192}, []),
    ({"max_output_tokens": 8192}, {"max_tokens": 9000}, {"max_tokens": 8192}, ["max_tokens"]),
    ({}, {"thinking": Thinking(effort="high")}, adaptive("high"), []),
    ({}, {"thinking": Thinking(effort="minimal")},
     adaptive("low"), ["output_config.effort"]),
    ({"efforts": ("low", "high")}, {"thinking": Thinking(effort="max")},
     adaptive("high"), ["output_config.effort"]),
    ({}, {"thinking": Thinking(effort="medium", summary="auto")},
     {"max_tokens": 32000, "thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "medium"}}, []),
    ({}, {"thinking": Thinking(effort="none")}, {"max_tokens": 32000, "thinking": {"type": "disabled"}}, []),
    ({}, {"thinking": Thinking(mode="off")}, {"max_tokens": 32000, "thinking": {"type": "disabled"}}, []),
    ({}, {"thinking": Thinking(summary="auto")}, {"max_tokens": 32000}, []),
    ({}, {"thinking": Thinking(mode="on", budget=5000)}, budget(5000), []),
    (OLD, {"thinking": Thinking(effort="low")}, budget(2048), ["thinking"]),
    (OLD, {"thinking": Thinking(effort="max")}, budget(31999), ["thinking"]),
    (OLD, {"thinking": Thinking(mode="on")}, budget(8192), ["thinking"]),
    # a budget is always below max_tokens: the limit rises where the client named none, else the budget falls
    ({"default_max_tokens": 4096}, {"thinking": Thinking(mode="on", budget=5000)},
     budget(5000, 9096), ["max_tokens"]),
    ({"default_max_tokens": 4096, "max_output_tokens": 5000}, {"thinking": Thinking(mode="on", budget=5000)},
     budget(3750, 5000), ["max_tokens", "thinking.budget_tokens"]),
    ({}, {"max_tokens": 4000, "thinking": Thinking(mode="on", budget=5000)},
     budget(3000, 4000), ["thinking.budget_tokens"]),
    ({}, {"max_tokens": 1024, "thinking": Thinking(mode="on", budget=5000)},
     {"max_tokens": 1024}, ["thinking.budget_tokens", "thinking"]),
    ({}, {"thinking": Thinking(mode="on", budget=100)},
     budget(1024), ["thinking.budget_tokens"]),
    ({"thinking": False}, {"thinking": Thinking(effort="high")}, {"max_tokens": 32000}, ["thinking"]),
    ({"thinking": False}, {"thinking": Thinking(mode="off")}, {"max_tokens": 32000}, []),
    # Claude Code's own words, on an endpoint that is older than they are
    (OLD, {"origin": "anthropic", "thinking": Thinking(mode="adaptive", effort="high", extra={"display": "omitted"})},
     {"max_tokens": 32000, "thinking": {"type": "enabled", "budget_tokens": 16384, "display": "omitted"}}, ["thinking"]),
    (OLD, {"origin": "anthropic", "thinking": Thinking(effort="high")}, {"max_tokens": 32000}, ["output_config.effort"]),
    ({}, {"origin": "anthropic", "thinking": Thinking(effort="weird")},
     {"max_tokens": 32000, "output_config": {"effort": "weird"}}, []),
    # sampling
    ({}, {"temperature": 0.3, "top_k": 5}, {"max_tokens": 32000, "temperature": 0.3, "top_k": 5}, []),
    ({}, {"temperature": 1.7}, {"max_tokens": 32000, "temperature": 1.0}, ["temperature"]),
    ({}, {"temperature": 0.3, "top_p": 0.5}, {"max_tokens": 32000, "temperature": 0.3}, ["top_p"]),
    ({"top_k": False}, {"top_k": 5}, {"max_tokens": 32000}, ["top_k"]),
    ({}, {"temperature": 0.3, "top_p": 0.5, "top_k": 5, "thinking": Thinking(mode="adaptive")},
     adaptive(), ["temperature", "top_p", "top_k"]),
    ({}, {"temperature": 1, "thinking": Thinking(mode="adaptive")}, {**adaptive(), "temperature": 1}, []),
]  # fmt: skip


@pytest.mark.parametrize(("quirks", "fields", "body", "lost"), CASES)
def test_limits(quirks: dict[str, Any], fields: dict[str, Any], body: dict[str, Any], lost: list[str]) -> None:
    """Each combination goes out in a form that is accepted, and says what it cost."""
    assert write(quirks, **fields) == (body, lost)


@pytest.mark.parametrize("thinking", [Thinking(mode="adaptive"), Thinking(mode="on", budget=2000)])
def test_forced_tool_while_thinking(thinking: Thinking) -> None:
    """A forced tool falls back to auto while the model thinks, unless the endpoint takes both."""
    fields: dict[str, Any] = {"thinking": thinking, "tools": (Tool(name="a"),), "tool_choice": ToolChoice(mode="tool", name="a")}
    body, lost = write({}, **fields)
    assert body["tool_choice"] == {"type": "auto"}
    assert lost == ["tool_choice"]
    body, lost = write({"forced_tool_choice_with_thinking": True}, **fields)
    assert body["tool_choice"] == {"type": "tool", "name": "a"}
    assert lost == []


@pytest.mark.parametrize(("seal", "thinks"), [(None, False), (Seal("anthropic", "signature", "s"), True)])
def test_tool_turn_without_its_thinking(seal: Seal | None, thinks: bool) -> None:
    """With a budget, a tool turn whose signed thinking is lost can only go on without thinking; adaptive thinking may."""
    turn = (
        USER,
        Message(role="assistant", parts=(Reasoning(text="hm", seal=seal), ToolCall(id="t", name="a", arguments="{}"))),
        Message(role="user", parts=(ToolResult(call_id="t", parts=(Text(text="ok"),)),)),
    )
    body, lost = write({}, messages=turn, thinking=Thinking(mode="on", budget=2000))
    assert ("thinking" in body, "thinking" in lost) == (thinks, not thinks)
    assert "thinking" in write({}, messages=turn, thinking=Thinking(effort="high"))[0]
    assert "thinking" in write({"replay_reasoning": True}, messages=turn, thinking=Thinking(mode="on", budget=2000))[0]


@given(
    thinking=st.builds(
        Thinking,
        mode=st.sampled_from([None, "on", "off", "adaptive"]),
        effort=st.sampled_from([None, "none", "minimal", "low", "medium", "high", "xhigh", "max", "odd"]),
        budget=st.none() | st.integers(0, 100_000),
    ),
    max_tokens=st.none() | st.integers(1, 100_000),
    cap=st.none() | st.integers(1, 64_000),
    adaptive=st.booleans(),
    origin=st.sampled_from(["anthropic", "openai-chat"]),
)
def test_never_refused(thinking: Thinking, max_tokens: int | None, cap: int | None, adaptive: bool, origin: str) -> None:
    """Whatever is asked: a budget is at least 1024 and below max_tokens, which is below the endpoint's limit."""
    body, _ = write({"adaptive": adaptive, "max_output_tokens": cap}, origin=origin, thinking=thinking, max_tokens=max_tokens)
    budget = body.get("thinking", {}).get("budget_tokens")
    assert budget is None or 1024 <= budget < body["max_tokens"]
    assert cap is None or body["max_tokens"] <= cap
    assert adaptive or body.get("thinking", {}).get("type") != "adaptive"
    assert adaptive or "output_config" not in body
