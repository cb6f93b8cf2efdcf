"""Fits a neutral request to what its target's protocol has, before it is written.

After `adapt` the writer meets no role, part or tool that its protocol does not know. Each step is a pure function from request
to request that tells `losses` what it changed; names and kinds of tools come after it (`tools.Toolbox`), the messages' own
repairs are in `history`. A target of the client's own protocol and dialect is `home`: there only quirks are obeyed.

    tools        placeholders and foreign hosted tools leave, deferred and inline ones become plain
    choice       leaves with the last tool; what forces a tool that is gone is refused; quirks of forcing
    system       leading system messages move to where the protocol has them, later ones stay or become marked user text
    parts        foreign blocks and refused media become placeholders, hints of other protocols go
    history      every call is followed by its result; neighbours of one role merge where the protocol wants it
"""

from typing import Any

from msgspec.structs import replace

from ..errors import RequestError
from ..types.messages import Protocol, Request, Text, Thinking, Tool, ToolChoice
from ..types.quirks import Quirks
from . import search
from .base import Losses
from .history import repair
from .memory import Memory
from .parts import Cleaner
from .refusals import refuse
from .system import place_system

PLACEHOLDER = "DeferredToolPlaceholder"  # Claude Code's stand-in for tools that it has not loaded
BILLING = "x-anthropic-billing-header"


def adapt(request: Request, protocol: Protocol, quirks: Quirks, losses: Losses, memory: Memory | None = None) -> Request:
    """The request as a `protocol` target with these quirks can be told it.

    Raises `RequestError` when it asks for what no answer from there can be: a forced tool that the target cannot have, and
    what `refusals` lists.
    """
    home = is_home(request, protocol, quirks)
    if not home:
        refuse(request, protocol)
    work = request if home else _tools(request, protocol, losses)
    work = work if home else _allowed(_unsaid(work), losses)
    work = _choice(work, request, protocol, quirks, losses)
    if protocol != "anthropic":
        work = _without_billing(work, losses)
    work = Cleaner(request.origin, protocol, quirks, losses, home=home, memory=memory).request(work)
    work = place_system(work, protocol, quirks, losses)
    return work if home else repair(work, protocol, losses, memory)


def is_home(request: Request, protocol: Protocol, quirks: Quirks) -> bool:
    """The target speaks the client's own protocol, and all of it."""
    if request.origin != protocol:
        return False
    return quirks.native_responses if protocol == "openai-responses" else quirks.adaptive if protocol == "anthropic" else True


def _tools(request: Request, protocol: Protocol, losses: Losses) -> Request:
    kept: list[Tool] = []
    for index, tool in enumerate(request.tools):
        if tool.name == PLACEHOLDER and tool.deferred:
            continue
        if tool.kind == "hosted" and search.is_search(tool):
            tool = search.as_function(tool)
        elif tool.kind == "hosted" and _foreign(request, protocol):
            losses.drop(
                f"tools[{index}]", f"{_title(tool)} runs at {request.origin} vendors only; this request goes to {protocol}"
            )
            continue
        cache = tool.cache if protocol == "anthropic" else None
        kept.append(replace(tool, deferred=False, inline=False, cache=cache))
    tools = _unique(kept)
    return request if tools == request.tools else replace(request, tools=tools)


def _foreign(request: Request, protocol: Protocol) -> bool:
    """Hosted tools belong to their own protocol; a Responses endpoint of another vendor (no `home`) has none of them."""
    return request.origin != protocol or protocol == "openai-responses"


def _unique(tools: list[Tool]) -> tuple[Tool, ...]:
    """A tool announced twice (Codex repeats loaded ones in its history) is sent once, as last announced."""
    last = {(tool.namespace, tool.name): tool for tool in tools}
    return tuple(last.values())


def _title(tool: Tool) -> str:
    return str((tool.raw or {}).get("name") or tool.name)


_QUIET: dict[str, tuple[Any, ...]] = {"store": (False,), "include": (["reasoning.encrypted_content"], [])}


def _unsaid(request: Request) -> Request:
    """What Codex says on every request and is true or without use elsewhere: store nothing; ids in `client_metadata`."""
    extra = request.extra or {}
    if request.origin != "openai-responses" or extra.keys().isdisjoint({*_QUIET, "client_metadata"}):
        return request
    kept = {key: value for key, value in extra.items() if key != "client_metadata" and value not in _QUIET.get(key, ())}
    return replace(request, extra=kept or None)


def _allowed(request: Request, losses: Losses) -> Request:
    """OpenAI's `allowed_tools` narrows a list without changing it; elsewhere the list itself is narrowed."""
    choice = request.tool_choice
    allowed = (choice.extra or {}).get("allowed_tools") if choice is not None else None
    allowed = allowed.get("tools") if isinstance(allowed, dict) else allowed  # Chat's form has one level more
    if choice is None or not isinstance(allowed, list):
        return request
    names = {_name_of(tool) for tool in allowed if isinstance(tool, dict)}
    losses.change("tool_choice.allowed_tools", "the other tools are left out of the list")
    tools = tuple(tool for tool in request.tools if tool.name in names)
    return replace(request, tools=tools, tool_choice=replace(choice, extra=None))


def _name_of(tool: dict[str, Any]) -> Any:
    inner = tool.get("function") or tool.get("custom")
    return inner.get("name") if isinstance(inner, dict) else tool.get("name")


def _choice(work: Request, original: Request, protocol: Protocol, quirks: Quirks, losses: Losses) -> Request:
    choice = work.tool_choice
    if choice is not None and choice.mode in ("required", "tool"):
        _refuse_impossible(work, original, protocol)
    if not work.tools:
        return _untold(work)
    if not quirks.parallel_flag and work.parallel_tools is not None:
        losses.drop("parallel_tool_calls", "the upstream has no such switch")
        work = replace(work, parallel_tools=None)
    if choice is not None and choice.mode == "none" and not quirks.none_tool_choice:
        losses.drop("tools", "no tool is to be used, which the upstream cannot be told otherwise")
        return _untold(replace(work, tools=()))
    if choice is None or choice.mode not in ("required", "tool"):
        return work
    if not quirks.forced_tool_choice:
        losses.change("tool_choice", f"the upstream cannot be forced to use a tool: {choice.mode} became auto")
        return replace(work, tool_choice=replace(choice, mode="auto", name=None, namespace=None))
    if choice.mode == "tool" and not quirks.named_tool_choice:
        work = _alone(work, choice, losses)
    return _not_both(work, protocol, quirks, losses)


def _alone(work: Request, choice: ToolChoice, losses: Losses) -> Request:
    """A tool that cannot be named is offered alone, and one has to be used: that is the same."""
    named = tuple(tool for tool in work.tools if (tool.namespace, tool.name) == (choice.namespace, choice.name))
    losses.change("tool_choice", "the upstream takes no tool by its name: it has to use one, and is offered this one only")
    return replace(work, tools=named or work.tools, tool_choice=replace(choice, mode="required", name=None, namespace=None))


def _untold(work: Request) -> Request:
    if work.tool_choice is None and work.parallel_tools is None:
        return work
    return replace(work, tool_choice=None, parallel_tools=None)


def _refuse_impossible(work: Request, original: Request, protocol: Protocol) -> None:
    """A forced tool that had to be left out leaves nothing that the answer could rightly be."""
    choice = original.tool_choice
    kept = {(tool.namespace, tool.name) for tool in work.tools}
    gone = [tool for tool in original.tools if tool.kind == "hosted" and (tool.namespace, tool.name) not in kept]
    if choice is None or not gone:
        return
    named = [tool for tool in gone if choice.mode == "tool" and choice.name in _names(tool)]
    if named or (choice.mode == "required" and not work.tools):
        title = ", ".join(_title(tool) for tool in named or gone)
        raise RequestError(
            f"tool_choice: it forces {title}, which runs at {original.origin} vendors only; this model speaks {protocol}.",
            hint=f"Let the model choose (tool_choice auto), or map this model to a channel that speaks {original.origin}.",
            param="tool_choice",
        )


def _names(tool: Tool) -> tuple[Any, ...]:
    raw = tool.raw or {}
    return (tool.name, raw.get("name"), raw.get("type"))


def _not_both(work: Request, protocol: Protocol, quirks: Quirks, losses: Losses) -> Request:
    """Some refuse a forced tool with thinking: what the client insists on wins, thinking pauses for this request."""
    thinking = work.thinking or Thinking()
    if quirks.forced_tool_choice_with_thinking or not (protocol == "anthropic" or quirks.thinks_unasked):
        return work
    silent = thinking.mode is None and thinking.effort is None and thinking.budget is None
    if thinking.mode == "off" or thinking.effort == "none" or (silent and not quirks.thinks_unasked):
        return work
    losses.change("thinking", "off for this request: the upstream does not think while a tool is forced")
    return replace(work, thinking=replace(thinking, mode="off", effort=None, budget=None))


def _without_billing(request: Request, losses: Losses) -> Request:
    """Claude Code's first system block changes with every conversation and would ruin any other vendor's prefix cache."""
    first = request.system[0] if request.system else None
    if not isinstance(first, Text) or not first.text.startswith(BILLING):
        return request
    losses.drop("system[0]", "Claude Code's billing line is of use to Anthropic only")
    return replace(request, system=request.system[1:])
