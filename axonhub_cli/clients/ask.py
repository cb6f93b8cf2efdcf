"""What a client's set-up depends on, as one value: where the server is, the key, the models behind it."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from ..config import learned
from ..config.capabilities import Capabilities, Fact
from ..config.schema import Config
from ..errors import RequestError
from ..routing.plan import Candidate, offered, plan
from ..types.messages import Protocol

DEMO = "axonhub-demo"  # what the built-in model is called, when nothing is configured
_ANTHROPIC = "//api.anthropic.com"
_VENDORS = (_ANTHROPIC, "//api.openai.com")


class Behind(Struct, frozen=True):
    """What serves the names that a client asks for. `window`: the smallest context window of it in tokens, None when unknown.

    `own` says that the names are served under the same name; `anthropic` that all of it goes to Anthropic itself; `unable` names
    the models of which a deep test found that they call no tools, `missing` the names that no channel serves.
    """

    window: int | None = None
    own: bool = True
    anthropic: bool = False
    unable: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class Ask(Struct, frozen=True, kw_only=True):
    """`models` are the names that the server offers; `model` is the one that the user wants; `slots` are Claude Code's other
    models by their use; `settings` is what the client's own file says; `windows` how many tokens each of the listed models holds,
    for clients that want to be told, where it is known."""

    port: int
    token: str
    environ: Mapping[str, str]
    models: tuple[str, ...] = ()
    model: str | None = None
    behind: Behind = Behind()
    slots: Mapping[str, str] = {}
    settings: Mapping[str, Any] = {}
    windows: Mapping[str, int] = {}

    @property
    def listed(self) -> list[str]:
        """The names that are offered, the wanted one first."""
        return [*([self.model] if self.model else []), *(name for name in self.models if name != self.model)]

    @property
    def first(self) -> str:
        """A name to show in an example: the wanted model, else the first that is offered."""
        return self.model or next(iter(self.models), "MODEL")

    def __repr__(self) -> str:
        return f"Ask(port={self.port}, model={self.model!r})"


def models(config: Config, profile: str | None) -> tuple[str, ...]:
    """The names that the server offers for that profile (None: the active one); the demo model's when nothing is configured."""
    return tuple(offered(config, profile or config.profile)) or (() if config.channels else (DEMO,))


def look(config: Config, profile: str | None, protocol: Protocol, names: Sequence[str]) -> Behind:
    """What is behind these names for a client of that protocol."""
    pairs = [(name, candidate) for name in names for candidate in _candidates(config, profile, protocol, name)]
    served = {name for name, _ in pairs}
    missing = tuple(name for name in names if name not in served) if any(each.enabled for each in config.channels) else ()
    if not pairs:
        return Behind(missing=missing)
    own = all(name == candidate.model for name, candidate in pairs)
    bases = [candidate.endpoint.base_url for _, candidate in pairs]
    anthropic = all(_ANTHROPIC in base for base in bases)
    if own and all(any(vendor in base for vendor in _VENDORS) for base in bases):
        return Behind(None, own, anthropic, missing=missing)  # the client knows its vendor's models better than any list
    tests = learned.read()
    tested = [(candidate, tests.of(candidate.channel, candidate.model, candidate.endpoint)) for _, candidate in pairs]
    windows = {_window(candidate, test) for candidate, test in tested}
    unable = dict.fromkeys(candidate.model for candidate, test in tested if test is not None and _calls_nothing(test))
    return Behind(min((size for size in windows if size), default=None), own, anthropic, tuple(unable), missing)


def unserved(ask: Ask, title: str, *, lists: bool = False) -> list[str]:
    """A remark on names that the client asks for and nobody serves: some clients do not show the server's own words on that.
    `lists`: the client offers the listed models only."""
    missing = ask.behind.missing
    if lists and not ask.listed:
        return [f"No channel says which models it has, so {title} is told of none. Name one: --model NAME"]
    if not missing:
        return []
    other = next((name for name in ask.models if name not in missing), None)
    choose = f"Choose one that is served, as in --model {other}, or map" if other else "Map"
    names = "the name" if len(missing) == 1 else "the names"
    return [f"No channel serves {' or '.join(missing)}, and {title} asks for it. {choose} {names}: axonhub profile map --help"]


def _calls_nothing(test: Capabilities) -> bool:
    """Whether tools were refused, or the model answered in words twice: when it might call one, and when it was told to."""
    asked, told = (test.facts.get(name, _UNKNOWN) for name in ("tools", "forced_tool"))
    return learned.refused(asked) or (asked.state == "no" and told.state == "no")


def windows(config: Config, profile: str | None, protocol: Protocol, names: Sequence[str]) -> dict[str, int]:
    """How many tokens each name holds, wherever it goes; names of which it is not known are left out."""
    tests = learned.read()
    found = {}
    for name in names:
        behind = _candidates(config, profile, protocol, name)
        sizes = [_window(each, tests.of(each.channel, each.model, each.endpoint)) for each in behind]
        if known := [size for size in sizes if size]:
            found[name] = min(known)
    return found


def _candidates(config: Config, profile: str | None, protocol: Protocol, name: str) -> Sequence[Candidate]:
    """Who may serve the name; nobody where it goes nowhere."""
    try:
        return plan(config, profile or config.profile, name, protocol).candidates
    except RequestError:
        return ()


_UNKNOWN = Fact("unknown")


def _window(candidate: Candidate, test: Capabilities | None) -> int | None:
    """How much a model holds: as its own endpoint said in a deep test, else as the list of prices does."""
    from ..pricing import context_window

    told = test.facts.get("context", _UNKNOWN).value if test is not None else None
    return int(told) if told else context_window(candidate.model, candidate.endpoint.base_url)
