"""The parts of a `content`, read. A part is an object with one of a few keys, and some that stand beside it.

- `thought: true` beside a text makes it thinking. A `thoughtSignature` beside thinking or a call is that part's seal; beside
  plain text, or an empty one, it becomes a `Reasoning` without words after the text, so that it survives in every protocol.
- Video has no place in the model, nor has code that runs at the vendor: such parts are `Opaque` and keep their whole object.
"""

from collections.abc import Callable
from typing import Any

from ...errors import RequestError
from ...types.messages import Media, Opaque, Part, Reasoning, Seal, Text, ToolCall
from ..raw import dumps
from ..seals import unwrap, wrap
from .fields import VENDOR, Fields

MAKER = "google"
KIND = "thought_signature"
_FILES = "generativelanguage.googleapis.com"
_VIDEO_HOSTS = ("youtube.com/", "youtu.be/")


UNSIGNED = "skip_thought_signature_validator"  # the documented word for a call that this vendor's model did not make


def seal(value: str | None) -> Seal | None:
    """A thought signature as a seal; an empty one is none, nor is the word that stands for none."""
    return Seal(MAKER, KIND, unwrap(value)) if value and value != UNSIGNED else None


def signature(seal: Seal | None) -> dict[str, Any]:
    """The field of a seal that bears this vendor's name."""
    return {"thoughtSignature": wrap(seal.value)} if seal is not None and seal.vendor == MAKER else {}


def read_part(value: Any, path: str) -> list[Part]:
    """One part of a message, as the parts that it means. Function responses are not among them: `contents` reads those."""
    fields = Fields(value, path)
    for key, read in _READERS.items():
        if fields.has(key):
            return read(fields, path, value)
    kind = next((key for key in Fields(value, path).rest() or {} if key not in _BESIDE), None)
    if kind is None:
        raise RequestError(f"{path}: expected a part (text, inlineData, functionCall, …), found an empty object", param=path)
    return [Opaque(protocol=VENDOR, kind=kind, raw=value)]


_BESIDE = frozenset({"thought", "thoughtSignature", "videoMetadata", "mediaResolution", "partMetadata"})


def _read_text(fields: Fields, path: str, value: Any) -> list[Part]:
    text, thought, signed = fields.need_text("text"), fields.flag("thought"), seal(fields.text("thoughtSignature"))
    if thought:
        return [Reasoning(text=text, seal=signed, extra=fields.rest())]
    said: list[Part] = [Text(text=text, extra=fields.rest())]
    mark: list[Part] = [Reasoning(text="", seal=signed)] if signed else []
    return mark if mark and not text else said + mark


def _read_inline(fields: Fields, path: str, value: Any) -> list[Part]:
    inner = fields.inner("inlineData")
    mime, data = inner.text("mimeType") or "application/octet-stream", inner.need_text("data")
    name = inner.text("displayName")
    return [_media(fields, path, value, mime, name, data=data)]


def _read_file(fields: Fields, path: str, value: Any) -> list[Part]:
    inner = fields.inner("fileData")
    uri, mime, name = inner.need_text("fileUri"), inner.text("mimeType"), inner.text("displayName")
    if any(host in uri for host in _VIDEO_HOSTS):
        return [Opaque(protocol=VENDOR, kind="fileData", raw=value)]
    if uri.startswith(("http://", "https://")) and _FILES not in uri:
        return [_media(fields, path, value, mime, name, url=uri)]
    return [_media(fields, path, value, mime, name, file_id=uri)]


def _media(fields: Fields, path: str, value: Any, mime: str | None, name: str | None, **where: str) -> Part:
    kind = (mime or "").partition("/")[0]
    if kind == "video":
        return Opaque(protocol=VENDOR, kind="video", raw=value)
    fields.take("thought")
    signature = fields.text("thoughtSignature")
    extra = {**(fields.rest() or {}), **({"thoughtSignature": signature} if signature else {})}
    return Media(
        kind="image" if kind == "image" else "audio" if kind == "audio" else "document",
        mime=mime,
        name=name,
        extra=extra or None,
        **where,
    )


def _read_call(fields: Fields, path: str, value: Any) -> list[Part]:
    """A call; without an id its own is empty, and whoever knows the conversation makes one."""
    inner = fields.inner("functionCall")
    arguments = inner.mapping("args")
    call = ToolCall(
        id=inner.text("id") or "",
        name=inner.need_text("name"),
        arguments=dumps({} if arguments is None else arguments).decode(),
        seal=seal(fields.text("thoughtSignature")),
        extra=fields.rest(),
    )
    return [call]


_READERS: dict[str, Callable[[Fields, str, Any], list[Part]]] = {
    "text": _read_text,
    "functionCall": _read_call,
    "inlineData": _read_inline,
    "fileData": _read_file,
}
