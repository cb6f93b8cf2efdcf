"""What can be told of a channel without asking its provider: what it speaks, and whether its secrets are there. Never a value."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from ..config.schema import Channel

State: TypeAlias = Literal["present", "missing", "unreadable"]

_SECONDS = 3.0  # for the keyring to answer
_NOT_THERE = ("is not set", "has no secret named", "no such file")


def protocols(channel: "Channel") -> dict[str, str]:
    """The channel's addresses by protocol, the preferred one first."""
    from ..config.presets import endpoints

    return {protocol: endpoint.base_url for protocol, endpoint in endpoints(channel).items()}


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
