"""What a person asked and what the model said, taken from the bodies for the full-text index.

Only the end of the conversation is new in a request, and of the answer only its text is wanted, so nothing else is built: a
stream's frames are passed over unless they carry text. Whatever cannot be read has no text.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

import msgspec

from ..errors import AxonHubError
from ..protocols.body import ClientBody
from ..protocols.registry import codec
from ..types.messages import Text
from .records import BodyKind

LIMIT = 64_000  # characters of a prompt or an answer

# The frames of a stream that carry text, and where it is in them.
_MARKS = {
    "anthropic": b'"text_delta"',
    "openai-chat": b'"content"',
    "openai-responses": b"response.output_text.done",
    "gemini": b'"text"',
}


@dataclass(frozen=True, slots=True)
class Texts:
    """The last message of the user, and the model's answer; empty where there is none."""

    prompt: str = ""
    answer: str = ""


def of(values: Mapping[str, Any], bodies: Mapping[BodyKind, bytes]) -> Texts:
    """The texts of a request, from its snapshot and its bodies."""
    protocol = next((attempt["protocol"] for attempt in reversed(values["attempts"])), values["protocol"])
    answered = bodies.get("upstream_response", b"") if values["outcome"] != "error" else b""
    return Texts(prompt(bodies.get("client_request", b"{}")), answer(protocol, answered))


class _Text(msgspec.Struct):
    text: str | None = None
    content: str | None = None


class _Choice(msgspec.Struct):
    delta: _Text | None = None


class _Frame(msgspec.Struct):
    """A frame that carries text, as far as it is of interest here."""

    @property
    def said(self) -> str | None:
        raise NotImplementedError


class _Delta(_Frame):  # Messages
    delta: _Text

    @property
    def said(self) -> str | None:
        return self.delta.text


class _Chunk(_Frame):  # Chat Completions
    choices: list[_Choice]

    @property
    def said(self) -> str | None:
        delta = self.choices[0].delta if self.choices else None
        return None if delta is None else delta.content


class _Done(_Frame):  # Responses
    text: str

    @property
    def said(self) -> str | None:
        return self.text


class _Part(msgspec.Struct):
    text: str | None = None
    thought: bool = False


class _Content(msgspec.Struct):
    parts: list[_Part] = []


class _Candidate(msgspec.Struct):
    content: _Content | None = None


class _Piece(_Frame):  # Gemini
    candidates: list[_Candidate]

    @property
    def said(self) -> str | None:
        content = self.candidates[0].content if self.candidates else None
        return "".join(part.text or "" for part in content.parts if not part.thought) if content is not None else None


_FRAMES: dict[str, Callable[[bytes], _Frame]] = {
    "anthropic": msgspec.json.Decoder(_Delta).decode,
    "openai-chat": msgspec.json.Decoder(_Chunk).decode,
    "openai-responses": msgspec.json.Decoder(_Done).decode,
    "gemini": msgspec.json.Decoder(_Piece).decode,
}


def prompt(body: bytes) -> str:
    """The text of the last message, when a user wrote it: no tool results, no reminders that the client put in, and not the
    instructions that may follow it."""
    try:
        client = ClientBody(body)
        items = chain(client.backwards("messages"), client.backwards("input"), client.backwards("contents"))
        last = next((item for item in items if not _instructs(item)), None)
    except (AxonHubError, ValueError, RecursionError):
        return ""
    return "\n".join(_texts(last))[:LIMIT]


def _instructs(item: Any) -> bool:
    return isinstance(item, dict) and item.get("role") in ("system", "developer")


def _texts(message: Any) -> list[str]:
    if isinstance(message, str):
        return [message]
    if not isinstance(message, dict) or message.get("role") not in ("user", None):
        return []
    content = message.get("content", message.get("parts"))
    if isinstance(content, str):
        return [content]
    texts = [part.get("text") for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    return [text for text in texts if isinstance(text, str) and not text.startswith("<system-reminder>")]


def answer(protocol: str, body: bytes) -> str:
    """The text of an upstream's answer, streamed or whole."""
    if body.lstrip()[:1] == b"{":
        return _whole(protocol, body)
    mark = _MARKS.get(protocol)
    if mark is None:
        return ""
    decode = _FRAMES[protocol]
    found: list[str] = []
    for line in body.splitlines():
        if mark in line and line.startswith(b"data:"):
            try:
                found.append(decode(line[5:]).said or "")
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                pass  # whatever it is, it is no text
    return "".join(found)[:LIMIT]


def _whole(protocol: str, body: bytes) -> str:
    try:
        response = codec(protocol).read_response(msgspec.json.decode(body))
    except (AxonHubError, ValueError, RecursionError, TypeError, AttributeError):
        return ""  # an error object, or no answer at all
    return "\n".join(part.text for part in response.parts if isinstance(part, Text))[:LIMIT]
