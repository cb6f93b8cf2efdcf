"""Seals on their travels: what only one vendor can read goes back to that vendor, through whichever client carries it.

A client keeps an opaque value only where its own protocol has one (`thinking.signature`, `encrypted_content`,
`thoughtSignature`). Towards a client of another protocol a seal is therefore *packed* into that field: `axh1:` and the
base64url of a small JSON object that says whose it is. Back from the client `Judge` opens it again and decides:

- a seal goes to its maker only; an encrypted one only to the channel that it came through;
- a raw seal (not packed) of the target's own protocol is trusted, unless the book knows that somebody else made it;
- what begins like a packed seal and is none was damaged, and goes nowhere.

Thinking that has no seal at all is packed too, with an empty value: it says whose words they are, so that they never reach a
vendor that takes only its own. Who made a seal is a vendor (its official address) or, anywhere else, the channel.
"""

import base64
import binascii
import re
from functools import lru_cache
from typing import Protocol as Interface
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ..types.messages import Protocol, Reasoning, Seal
from .base import Target

PREFIX = "axh1:"
_WRAPPED = base64.b64encode(PREFIX.encode()).decode()[:6]
_BASE64 = re.compile(r"[A-Za-z0-9+/_=-]*")
MARKS = (PREFIX.encode(), _WRAPPED.encode())  # what stands in a body that holds a packed seal
UNSEALED = "text"  # kind of a packed seal that only says whose words these are
ON_CALL = "call:"  # before the kind of a seal that belongs to a tool call; its id is the call's
VENDORS: dict[Protocol, str] = {
    "anthropic": "anthropic",
    "openai-responses": "openai",
    "gemini": "google",
    "openai-chat": "openai-chat",
}
FIELDS: dict[Protocol, str] = {
    "anthropic": "signature",
    "openai-responses": "encrypted_content",
    "gemini": "thought_signature",
}  # the kind of seal that a protocol's clients echo; Chat has none
_TAKES: dict[Protocol, frozenset[str]] = {
    "anthropic": frozenset({"signature", "redacted"}),
    "openai-responses": frozenset({"encrypted_content"}),
    "gemini": frozenset({"thought_signature"}),
    "openai-chat": frozenset({"reasoning_details", "extra_content"}),
}
_OFFICIAL = {
    "api.anthropic.com": "anthropic",
    "api.openai.com": "openai",
    "chatgpt.com": "openai",
    "generativelanguage.googleapis.com": "google",
}


class Packed(Struct, frozen=True, omit_defaults=True, rename={"vendor": "v", "kind": "k", "value": "d", "id": "i", "channel": "c",
                                                             "text": "t"}):  # fmt: skip
    """What a packed seal says. `text`: the thinking itself, where the field that carries the seal belongs to a tool call."""

    vendor: str
    kind: str
    value: str = ""
    id: str | None = None
    channel: str | None = None
    text: str | None = None


class Kept(Struct, frozen=True):
    """What a client without a field for it cannot give back: the thinking before a tool call, and the call's own seal."""

    thoughts: tuple[Reasoning, ...] = ()
    seal: Seal | None = None


class Book(Interface):
    """What the gateway remembers of seals that passed."""

    def made(self, value: str) -> tuple[str, str] | None:
        """Maker and channel of a raw seal."""
        ...

    def recall(self, call_id: str, arguments: str) -> Kept | None:
        """What belongs to a tool call."""
        ...


class Blank:
    """A book with nothing in it."""

    def made(self, value: str) -> tuple[str, str] | None:
        return None

    def recall(self, call_id: str, arguments: str) -> Kept | None:
        return None


@lru_cache(maxsize=256)
def maker(base_url: str, channel: str) -> str:
    """Who seals at an address: the vendor whose own it is, else the channel."""
    return _OFFICIAL.get(urlsplit(base_url).hostname or "", channel)


def pack(seal: Seal, text: str | None = None) -> str:
    """The seal as one opaque word."""
    inner = Packed(seal.vendor, seal.kind, seal.value, seal.id, seal.channel, text)
    return PREFIX + base64.urlsafe_b64encode(msgspec.json.encode(inner)).decode().rstrip("=")


def wrap(value: str) -> str:
    """A value for a field that SDKs check for being base64: a vendor's own passes as it is."""
    return value if _BASE64.fullmatch(value) else base64.b64encode(value.encode()).decode()


def unwrap(value: str) -> str:
    """What `wrap` was given. Some SDKs write base64 in its other alphabet."""
    if not value.startswith(_WRAPPED):
        return value
    plain = value.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        inner = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return value
    return inner.decode("ascii", "replace") if inner.startswith(PREFIX.encode()) else value


def is_packed(value: str) -> bool:
    """Whether a value claims to be ours."""
    return value.startswith(PREFIX)


def unpack(value: str) -> Packed | None:
    """What was packed; None for anything that is not exactly our own form."""
    if not is_packed(value):
        return None
    body = value[len(PREFIX) :]
    try:
        return msgspec.json.decode(base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True), type=Packed)
    except (msgspec.DecodeError, binascii.Error, ValueError):
        return None


_REFUSED = re.compile(
    r"""
      invalid\s.?signature.?\sin\s.?thinking                                    # Anthropic
    | thinking.{0,40}\ blocks?\ .{0,60}cannot\ be\ modified
    | invalid_encrypted_content                                                 # OpenAI
    | encrypted\ content\b.{0,80}(could\ not|cannot|failed|invalid)
    | thought[_ ]?signature.{0,60}(invalid|not\ valid|corrupt|missing|could\ not)  # Google
    | (invalid|corrupted|missing).{0,30}thought[_ ]?signature
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


def is_refusal(code: str | None, message: str) -> bool:
    """Whether an upstream's error says that it does not take a seal of this request."""
    return code == "invalid_encrypted_content" or bool(_REFUSED.search(message[:4000]))


class Judge:
    """Decides for one request which seals may go to its target. `trust` False: none may (the upstream refused some)."""

    def __init__(self, protocol: Protocol, target: Target, book: Book, *, trust: bool = True) -> None:
        self._protocol, self._target, self._book, self._trust = protocol, target, book, trust
        self._maker = target.maker or VENDORS[protocol]
        self.refused = 0

    def open(self, seal: Seal) -> tuple[Seal | None, str | None]:
        """The seal as its maker gave it, and the text that was packed with it. (None, None) when it was damaged."""
        if not is_packed(seal.value):
            made = self._book.made(seal.value)
            return (seal if made is None else replace(seal, vendor=made[0], channel=made[1])), None
        inner = unpack(seal.value)
        if inner is None:
            self.refused += 1
            return None, None
        return Seal(inner.vendor, inner.kind, inner.value, inner.id, inner.channel), inner.text

    def fit(self, seal: Seal | None) -> Seal | None:
        """An opened seal as the target may have it, or None; refusals are counted."""
        if seal is None or seal.kind == UNSEALED:
            return None
        if self._trust and seal.kind in _TAKES[self._protocol] and self._owns(seal):
            return replace(seal, vendor=VENDORS[self._protocol], channel=None)
        self.refused += 1
        return None

    def _owns(self, seal: Seal) -> bool:
        if seal.channel is None:
            return seal.vendor in (self._maker, VENDORS[self._protocol])
        bound = seal.kind == "encrypted_content" and self._target.channel not in ("", seal.channel)
        return seal.vendor == self._maker and not bound
