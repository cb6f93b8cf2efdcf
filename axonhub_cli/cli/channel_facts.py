"""What can be told of a channel without asking its provider: what it speaks, and whether its secrets are there. Never a value."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from ..config.schema import Channel

State: TypeAlias = Literal["present", "missing", "unreadable"]

_SECONDS = 3.0  # for the keyring to answer
_NOT_THERE = ("is not set", "has no secret named", "no such file")


def summary(channel: "Channel") -> dict[str, Any]:
    """What config.toml says of it, in short."""
    names = ("name", "type", "base_url", "secrets", "models", "priority", "weight", "tags", "enabled")
    values = {key: getattr(channel, key) for key in names}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


def protocols(channel: "Channel") -> dict[str, str]:
    """The channel's addresses by protocol, the preferred one first."""
    from ..config.presets import endpoints

    return {protocol: endpoint.base_url for protocol, endpoint in endpoints(channel).items()}


def counting(channel: str) -> list[dict[str, Any]]:
    """How estimates of input tokens are corrected for each of the channel's models, and how far off they were (0.04: 4 %)."""
    from ..config.paths import paths
    from ..config.ratios import read

    return read(paths().ratios_file).of(channel)


def counted(fact: dict[str, Any]) -> str:
    """The same of one model in words."""
    typical, worst = (f"{fact[name]:.0%}" for name in ("error_p50", "error_p90"))
    answers = "1 answer" if fact["samples"] == 1 else f"{fact['samples']} answers"
    return f"estimated × {fact['ratio']:.2f}, from {answers}; off by {typical} as a rule, by {worst} one time in ten"


def secret_states(channels: "Iterable[Channel]") -> dict[str, State]:
    """For each reference of these channels: `present`, `missing`, or `unreadable` (a locked keyring, a file open to others)."""
    from concurrent.futures import ThreadPoolExecutor

    references = list(dict.fromkeys(reference for channel in channels for reference in channel.secrets))
    if not references:
        return {}
    with ThreadPoolExecutor(min(len(references), 8)) as pool:
        return dict(zip(references, pool.map(_state, references), strict=True))


def _state(reference: str) -> State:
    from ..config.secrets import read
    from ..errors import SecretError

    try:
        read(reference, timeout=_SECONDS)
    except SecretError as error:
        return "missing" if any(words in error.message for words in _NOT_THERE) else "unreadable"
    return "present"


def quirk_rows(channel: "Channel") -> "list[dict[str, Any]]":
    """The channel's quirks with where each comes from (`config.learned.origins`)."""
    from ..config import learned

    return learned.origins(channel, learned.read())


def told_quirks(name: str, rows: "list[dict[str, Any]]") -> list[str]:
    """The same in lines: those of the presets counted, others one by one, and where to read all of them."""
    from collections import Counter

    of_preset = Counter(row["protocol"] for row in rows if row["by"] == "preset")
    lines = [f"{protocol}: {count} of its preset" for protocol, count in of_preset.items()]
    lines += dict.fromkeys(_told(row) for row in rows if row["by"] != "preset")
    return [*lines, f"what they mean and where they come from: axonhub channel quirks {name}"] if lines else []


def _told(row: "dict[str, Any]") -> str:
    """`images = false (deep test (image) of qwen3:8b; else true)`."""
    import json

    about = f" of {row['about']}" if row["about"] else ""
    value, instead = json.dumps(row["value"]), json.dumps(row["instead"])
    return f"{row['quirk']} = {value} ({row['by']}{about}; {'as without' if value == instead else f'else {instead}'})"
