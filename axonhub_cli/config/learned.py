"""What deep tests found (`capabilities`), as quirks: they correct the preset's, and what `config.toml` says corrects both.

Only what an endpoint refused, or took although the preset says that it does not, becomes a quirk. What a model merely did not do
in one answer is a matter of chance, and changes nothing.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from ..types.messages import Protocol
from ..types.quirks import Quirks, concerns
from . import capabilities
from .capabilities import Capabilities, Fact
from .evidence import Source, source
from .files import signature
from .presets import endpoints
from .providers import Endpoint
from .schema import Channel

_REFUSED = re.compile(r"(400|404|405|415|422|501): ")  # anything else may pass: a limit, a failure
_MUST = "and refuses the history without it"

Meaning = Callable[[Fact, Protocol], dict[str, Any]]


def refused(fact: Fact) -> bool:
    """Whether the endpoint said that it does not take this."""
    return fact.state == "no" and bool(_REFUSED.match(fact.detail))


def _switch(name: str) -> Meaning:
    """A quirk that a refusal turns off, and an answer on."""

    def meaning(fact: Fact, _: Protocol) -> dict[str, Any]:
        return {name: False} if refused(fact) else {name: True} if fact.state == "yes" else {}

    return meaning


def _parallel(fact: Fact, _: Protocol) -> dict[str, Any]:
    return {"parallel_flag": False} if refused(fact) else {}


def _reasoning(fact: Fact, protocol: Protocol) -> dict[str, Any]:
    if not refused(fact):
        return {}
    return {"thinking": False} if protocol in ("anthropic", "gemini") else {"reasoning_effort": False}


def _replay(fact: Fact, _: Protocol) -> dict[str, Any]:
    if fact.state == "yes" and fact.detail == _MUST:
        return {"replay_reasoning": True}
    return {"replay_reasoning": False} if refused(fact) else {}


def _counter(fact: Fact, protocol: Protocol) -> dict[str, Any]:
    return {"count_tokens": fact.state == "yes"} if protocol == "anthropic" and fact.state in ("yes", "no") else {}


_MEANINGS: dict[str, Meaning] = {
    "parallel_tools": _parallel,
    "forced_tool": _switch("forced_tool_choice"),
    "reasoning": _reasoning,
    "reasoning_replay": _replay,
    "image": _switch("images"),
    "image_result": _switch("image_results"),
    "count_tokens": _counter,
}


def quirks(found: Capabilities) -> dict[str, tuple[Any, str]]:
    """Quirk → (value, the fact that says so)."""
    out: dict[str, tuple[Any, str]] = {}
    for name, meaning in _MEANINGS.items():
        if (fact := found.facts.get(name)) is not None:
            out |= {quirk: (value, name) for quirk, value in meaning(fact, found.protocol).items()}
    return out


class Learned:
    """All deep tests' quirks, by place; does not change."""

    def __init__(self, items: Iterable[Capabilities] = ()) -> None:
        self._items = {(item.channel, item.model, item.protocol, item.address): item for item in items}
        self._known: dict[tuple[str, str, Protocol], tuple[Endpoint, Endpoint]] = {}

    def of(self, channel: Channel, model: str, endpoint: Endpoint) -> Capabilities | None:
        """What was found of the model on this endpoint, as it is configured now."""
        return self._items.get((channel.name, model, endpoint.protocol, endpoint.base_url))

    def endpoint(self, channel: Channel, model: str, endpoint: Endpoint) -> Endpoint:
        """The endpoint with what was found of this model there; the very same one where nothing was."""
        if not self._items:
            return endpoint
        key = (channel.name, model, endpoint.protocol)
        known = self._known.get(key)
        if known is None or known[0] is not endpoint:
            known = self._known[key] = (endpoint, self._corrected(channel, model, endpoint))
        return known[1]

    def _corrected(self, channel: Channel, model: str, endpoint: Endpoint) -> Endpoint:
        found = self.of(channel, model, endpoint)
        changes = {name: value for name, (value, _) in quirks(found).items() if name not in channel.quirks} if found else {}
        return replace(endpoint, quirks=replace(endpoint.quirks, **changes)) if changes else endpoint


class Watch:
    """The file of the deep tests, as it is now: `learned` after each `poll`."""

    def __init__(self) -> None:
        self.learned = Learned()
        self.path = capabilities.file()  # where a file is does not change while we run, and is asked for at many requests
        self._signature: tuple[int, ...] | None = None
        self.poll()

    def poll(self) -> bool:
        """One `stat`; true when there is something new."""
        now = signature(self.path)
        if now == self._signature:
            return False
        self._signature, self.learned = now, Learned(capabilities.read())
        return True


def read() -> Learned:
    """What is known now."""
    return Learned(capabilities.read())


def origins(channel: Channel, learned: Learned) -> list[dict[str, Any]]:
    """Every quirk of the channel that is not its protocol's default, with where it comes from.

    A row: protocol, quirk, value, `by` (your config, the deep test's fact, the preset), `about` (for a deep test its model),
    `instead` (what would hold without it), and for the preset its `source` and what that `says`.
    """
    untold, plain = endpoints(replace(channel, quirks={})), Quirks()
    rows: list[dict[str, Any]] = []
    for protocol, endpoint in endpoints(channel).items():
        preset = untold[protocol].quirks
        for name in filter(lambda each: concerns(each, protocol), endpoint.quirks.__struct_fields__):
            value, usual = getattr(endpoint.quirks, name), getattr(plain, name)
            row = {"protocol": protocol, "quirk": name, "value": value, "about": None}
            if name in channel.quirks:
                rows.append({**row, "by": "your config", "instead": getattr(preset, name)})
            elif value != usual:
                rows.append({**row, "by": "preset", "instead": usual, **_said(source(channel.type, protocol, name))})
        rows += _tested(channel, protocol, endpoint, learned)
    return rows


def _said(found: Source | None) -> dict[str, Any]:
    return {"source": found.page, "says": found.says} if found else {"source": None, "says": None}


def _tested(channel: Channel, protocol: Protocol, endpoint: Endpoint, learned: Learned) -> list[dict[str, Any]]:
    items = [item for item in capabilities.read() if learned.of(channel, item.model, endpoint) == item]
    return [
        {
            "protocol": protocol,
            "quirk": name,
            "value": value,
            "by": f"deep test ({fact})",
            "about": item.model,
            "instead": getattr(endpoint.quirks, name),
        }
        for item in items
        for name, (value, fact) in quirks(item).items()
        if name not in channel.quirks and value != getattr(endpoint.quirks, name)
    ]
