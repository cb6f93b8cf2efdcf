"""The conversation written for an upstream of this protocol.

Roles alternate after `adapt`. A result needs the name of its call, which the wire has beside the id. Models from the third
generation on refuse a call of theirs without its thought signature; for calls that another vendor's model made, Google
documents a value that says so (https://ai.google.dev/gemini-api/docs/thought-signatures), and it goes on the first call of each
of their messages.
"""

import base64
import binascii
import mimetypes
from collections.abc import Sequence

from ...errors import ProtocolError
from ...types.messages import Media, Message, Opaque, Part, Reasoning, Refusal, Request, Text, ToolCall, ToolResult
from ..raw import loads
from .fields import NAME, VENDOR, Block, clean
from .outward import Outward
from .parts import UNSIGNED, signature


def write_contents(request: Request, out: Outward, *, signs: bool) -> list[Block]:
    """All messages. `signs`: the model wants a signature on its calls."""
    writer = ContentWriter(out, signs=signs and not out.native)
    for at, message in enumerate(request.messages):
        writer.add(message, f"messages[{at}]")
    writer.report()
    return writer.contents


def write_system(request: Request, out: Outward) -> Block | None:
    """`systemInstruction`, text only."""
    texts = []
    for at, part in enumerate(request.system):
        if isinstance(part, Text):
            texts.append({"text": part.text, **out.keep(part.extra, f"system[{at}]")})
        else:
            out.losses.drop(f"system[{at}]", "a system instruction is text")
    return {"parts": texts} if texts else None


class ContentWriter:
    """Writes messages in order, and remembers which call has which name."""

    def __init__(self, out: Outward, *, signs: bool) -> None:
        self._out, self._signs = out, signs
        self._names: dict[str, str] = {}
        self._unsealed = 0
        self.contents: list[Block] = []

    def add(self, message: Message, path: str) -> None:
        for part in message.parts:
            if isinstance(part, ToolCall):
                self._names[part.id] = part.name
        parts = self.parts(message.parts, f"{path}.content")
        if parts or not message.parts:
            role = "model" if message.role == "assistant" else "user"
            self.contents.append({"role": role, "parts": parts, **self._out.keep(message.extra, path)})

    def report(self) -> None:
        if self._unsealed:
            why = f"reasoning of {self._unsealed} earlier turns not sent: it is not signed by this vendor"
            self._out.losses.drop("messages", why)

    def parts(self, parts: Sequence[Part], path: str) -> list[Block]:
        """The parts of one message."""
        blocks: list[Block] = []
        signed = unsent = False
        for at, part in enumerate(parts):
            block = self._part(part, f"{path}[{at}]")
            if block is None:
                unsent = True
                continue
            if isinstance(part, ToolCall):
                if self._signs and not signed and "thoughtSignature" not in block:
                    block["thoughtSignature"] = UNSIGNED
                signed = True
            blocks.append(block)
        self._unsealed += unsent
        return blocks

    def _part(self, part: Part, path: str) -> Block | None:
        match part:
            case Text():
                return {"text": part.text, **self._out.keep(part.extra, path)}
            case Refusal():
                return {"text": part.text}
            case Reasoning():
                return self._reasoning(part, path)
            case ToolCall():
                return self._call(part, path)
            case ToolResult():
                return self._result(part, path)
            case Media():
                return self._media(part, path)
            case Opaque() if part.protocol == VENDOR:
                return part.raw
        return self._placeholder(part.kind, path, f"{NAME} has no such part: {part.kind}")

    def _reasoning(self, part: Reasoning, path: str) -> Block | None:
        """Thinking goes back with its own vendor's seal, or to the client's own protocol; a bare seal on an empty text."""
        mark = signature(part.seal)
        if not part.text and mark:
            return {"text": "", **mark}
        if not mark and not (self._out.native or self._out.quirks.replay_reasoning):
            return None
        return {"text": part.text, "thought": True, **mark, **self._out.keep(part.extra, path)}

    def _call(self, part: ToolCall, path: str) -> Block:
        try:
            arguments = loads(part.arguments or "{}")
        except ProtocolError:
            arguments = None
        if not isinstance(arguments, dict):
            self._out.losses.placeholder(f"{path}.args", "the arguments are no JSON object")
            arguments = {"_raw": part.arguments}
        call = {"id": part.id, "name": part.name, "args": arguments}
        return {"functionCall": call, **signature(part.seal), **self._out.keep(part.extra, path)}

    def _result(self, part: ToolResult, path: str) -> Block:
        texts = [item.text for item in part.parts if isinstance(item, Text | Refusal)]
        others = [(at, item) for at, item in enumerate(part.parts) if not isinstance(item, Text | Refusal)]
        blocks = [block for at, item in others if (block := self._part(item, f"{path}.content[{at}]")) is not None]
        texts += [str(block["text"]) for block in blocks if "text" in block]
        media = [block for block in blocks if "text" not in block]
        extra = dict(self._out.keep(part.extra, path))
        inner = extra.pop("functionResponse", {})
        response = {
            **inner,
            "id": part.call_id,
            "name": self._names.get(part.call_id) or "unknown",
            "response": {"error" if part.is_error else "output": "\n".join(texts)},
            **({"parts": media} if media else {}),
        }
        return {"functionResponse": response, **extra}

    def _media(self, part: Media, path: str) -> Block:
        where = _where(part, self._out.native)
        if where is None:
            named = part.url or part.name or part.file_id or ""
            return self._placeholder(f"{part.kind} {named}".strip(), path, "a file of another vendor cannot be read here")
        if part.detail is not None and not self._out.native:
            self._out.losses.drop(f"{path}.detail", f"{NAME} has no image detail")
        return {**where, **self._out.keep(part.extra, path)}

    def _placeholder(self, what: str, path: str, why: str) -> Block:
        self._out.losses.placeholder(path, why)
        return {"text": f"[{what}: left out, this model cannot read it]"}


def _where(part: Media, native: bool) -> Block | None:
    """The data, or where it lies."""
    name = part.name if native else None
    if part.data is not None:
        text = None if native else _text_of(part)
        if text is not None:
            return {"text": text}
        return {"inlineData": clean(mimeType=part.mime or _guessed(part.name, part.kind), data=part.data, displayName=name)}
    if part.url is not None:
        mime = part.mime or (None if native else _guessed(part.url, part.kind))
        return {"fileData": clean(mimeType=mime, fileUri=part.url, displayName=name)}
    if part.file_id is not None and native:
        return {"fileData": clean(mimeType=part.mime, fileUri=part.file_id, displayName=name)}
    return None


def _guessed(name: str | None, kind: str) -> str:
    """A media type by the name's ending, else the commonest of its kind."""
    guess = mimetypes.guess_type((name or "").partition("?")[0])[0]
    return guess or {"image": "image/png", "audio": "audio/wav"}.get(kind, "application/pdf")


def _text_of(part: Media) -> str | None:
    """The text of a plain-text document: every model reads it as text."""
    if part.kind != "document" or not part.data or not (part.mime or "").startswith("text/"):
        return None
    try:
        text = base64.b64decode(part.data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return f"[document {part.name}]\n{text}" if part.name else text
