"""Content of messages: a string or a list of blocks on the wire, parts inside. Readers come first, then writers.

Text goes as a string where it is one plain piece, since small servers take nothing else; otherwise as blocks. A block that this
model does not describe is `Opaque` and keeps its whole object.
"""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ...types.messages import Extra, Media, Opaque, Part, Protocol, Refusal, Text
from ...types.quirks import Quirks
from ..base import Losses
from ..memory import Memory
from .fields import Fields, wrong

Block = dict[str, Any]
VENDOR: Protocol = "openai-chat"
_AUDIO = {"wav": "audio/wav", "mp3": "audio/mpeg"}
_FORMATS = {mime: form for form, mime in _AUDIO.items()}


@dataclass(slots=True)
class Outward:
    """What every writing function needs: whether the request came in this protocol, the upstream's quirks, the receipt, and what
    was written before."""

    native: bool
    quirks: Quirks
    losses: Losses
    memory: Memory | None = None

    def keep(self, extra: Extra | None, path: str) -> Extra:
        """The unknown keys that may go out; those of another protocol go on the receipt."""
        if self.native or not extra:
            return extra or {}
        self.losses.extras(extra, path, "Chat Completions")
        return {}


def read_content(value: Any, path: str) -> tuple[Part, ...]:
    """A message's `content`: nothing, a string, or a list of blocks."""
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        return (Text(text=value),)
    if not isinstance(value, list):
        raise wrong(path, "a string or a list", value)
    return tuple(_read_block(block, f"{path}[{at}]") for at, block in enumerate(value))


def _read_block(block: Any, path: str) -> Part:
    fields = Fields(block, path)
    kind = fields.need_text("type")
    read = _READERS.get(kind)
    return Opaque(protocol=VENDOR, kind=kind, raw=block) if read is None else read(fields, path)


def _read_text(fields: Fields, path: str) -> Part:
    text = fields.need_text("text")
    cache = read_cache(fields)
    return Text(text=text, cache=cache, extra=fields.rest())


def _read_refusal(fields: Fields, path: str) -> Part:
    return Refusal(text=fields.need_text("refusal"), extra=fields.rest())


def _read_image(fields: Fields, path: str) -> Part:
    """`image_url` is an object; a bare string is what some clients send."""
    value = fields.take("image_url")
    inner = Fields({"url": value} if isinstance(value, str) else value, fields.at("image_url"))
    mime, data, url = split_data_url(inner.need_text("url"))
    cache = read_cache(fields)
    detail = inner.text("detail")
    return Media(
        kind="image", mime=mime, data=data, url=url, detail=detail, cache=cache, extra=_nested(fields, "image_url", inner)
    )


def _read_audio(fields: Fields, path: str) -> Part:
    inner = Fields(fields.take("input_audio"), fields.at("input_audio"))
    data, form = inner.need_text("data"), inner.need_text("format")
    return Media(kind="audio", mime=_AUDIO.get(form, f"audio/{form}"), data=data, extra=_nested(fields, "input_audio", inner))


def _read_file(fields: Fields, path: str) -> Part:
    inner = Fields(fields.take("file"), fields.at("file"))
    file_id, whole, name = inner.text("file_id"), inner.text("file_data"), inner.text("filename")
    if file_id is None and whole is None:
        raise wrong(inner.at("file_data"), "a string (or a file_id)", None)
    mime, data, url = split_data_url(whole or "")
    cache = read_cache(fields)
    extra = _nested(fields, "file", inner)
    if file_id is not None:
        return Media(kind="document", file_id=file_id, name=name, cache=cache, extra=extra)
    return Media(kind="document", mime=mime, data=data if mime else url, name=name, cache=cache, extra=extra)


def _nested(fields: Fields, key: str, inner: Fields) -> Extra | None:
    """A block's unknown keys, with those of its inner object under that object's name."""
    rest = inner.rest()
    outer = fields.rest()
    return {**(outer or {}), key: rest} if rest else outer


def read_cache(fields: Fields) -> str | None:
    """A cache mark (`cache_control`, which some vendors of this protocol take) as its lifetime."""
    mark = fields.take("cache_control")
    if not isinstance(mark, dict):
        return None
    return "1h" if mark.get("ttl") == "1h" else "5m"


def split_data_url(url: str) -> tuple[str | None, str | None, str | None]:
    """(mime, base64 text, None) of a plain data URI, else (None, None, url). The base64 is not decoded."""
    head, comma, data = url.partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        return None, None, url
    mime = head[5:-7]
    return (mime, data, None) if mime and ";" not in mime else (None, None, url)


_READERS: dict[str, Callable[[Fields, str], Part]] = {
    "text": _read_text,
    "refusal": _read_refusal,
    "image_url": _read_image,
    "input_audio": _read_audio,
    "file": _read_file,
}


def write_content(parts: Sequence[Part], path: str, out: Outward, *, glue: str | None = None) -> str | list[Block]:
    """Parts as content. `glue` joins several plain texts of another protocol into one string, where a list is refused by many."""
    if len(parts) == 1 and type(only := parts[0]) is Text and only.extra is None and only.cache is None:
        return only.text
    blocks = [write_block(part, f"{path}[{at}]", out) for at, part in enumerate(parts)]
    plain = all(block.get("type") == "text" and len(block) == 2 for block in blocks)
    if not blocks or (plain and len(blocks) == 1):
        return blocks[0]["text"] if blocks else ""
    if plain and glue is not None and not out.native:
        return glue.join(block["text"] for block in blocks)
    return blocks


def write_block(part: Part, path: str, out: Outward) -> Block:
    """One part as a block; what this protocol has no block for becomes text that says so."""
    match part:
        case Text():
            return {"type": "text", "text": part.text, **cache_mark(part.cache, out), **out.keep(part.extra, path)}
        case Refusal() if out.native:
            return {"type": "refusal", "refusal": part.text, **out.keep(part.extra, path)}
        case Refusal():
            return {"type": "text", "text": part.text}
        case Media():
            return _write_media(part, path, out)
        case Opaque() if out.native and part.protocol == VENDOR:
            return part.raw
        case _:
            kind = part.kind if isinstance(part, Opaque) else type(part).__name__
            return _placeholder(kind, path, f"Chat Completions has no such block here: {kind}", out)


def shows(part: Part, out: Outward) -> bool:
    """Whether a part goes as a block of its own kind, not as text."""
    return isinstance(part, Media) and _inner(part, out)[1] is not None


def _inner(part: Media, out: Outward) -> tuple[str, Block | None]:
    """A medium's block type and inner object; None where there is no form for it here, or the file lies with another vendor."""
    name, inner = _MEDIA[part.kind](part)
    foreign = not out.native and (part.file_id is not None or _text_of(part) is not None)
    return name, None if foreign else inner


def _write_media(part: Media, path: str, out: Outward) -> Block:
    """A picture, a sound or a document as its block. Unknown keys of the inner object go back into it."""
    name, inner = _inner(part, out)
    if inner is None:
        return _as_text(part, path, out)
    extra = dict(out.keep(part.extra, path))
    inside = extra.pop(name, None)
    if isinstance(inside, dict):
        inner = {**inside, **inner}
    if not out.native and "file_data" in inner:
        inner.setdefault("filename", "document.pdf")  # the vendor wants a name with the data
    return {"type": name, name: inner, **cache_mark(part.cache, out), **extra}


def _as_text(part: Media, path: str, out: Outward) -> Block:
    text = _text_of(part)
    if text is not None:
        return {"type": "text", "text": text}
    where = f" {part.url}" if part.url else ""
    return _placeholder(f"{part.kind}{where}", path, f"Chat Completions takes no {part.kind} in this form", out)


def _image(part: Media) -> tuple[str, Block | None]:
    url = _data_url(part) or part.url
    detail = {"detail": part.detail} if part.detail else {}
    return "image_url", {"url": url, **detail} if url else None


def _audio(part: Media) -> tuple[str, Block | None]:
    mime = part.mime or "audio/wav"
    return "input_audio", {"data": part.data, "format": _FORMATS.get(mime, mime.removeprefix("audio/"))} if part.data else None


def _document(part: Media) -> tuple[str, Block | None]:
    name = {"filename": part.name} if part.name else {}
    whole = _data_url(part)
    if part.file_id:
        return "file", {"file_id": part.file_id, **name}
    return "file", None if whole is None else {"file_data": whole, **name}


_MEDIA: dict[str, Callable[[Media], tuple[str, Block | None]]] = {"image": _image, "audio": _audio, "document": _document}


def _data_url(part: Media) -> str | None:
    if part.data is None:
        return None
    return f"data:{part.mime};base64,{part.data}" if part.mime else part.data


def _text_of(part: Media) -> str | None:
    """The text of a plain-text document: every model reads it as text, few take it as a file."""
    if part.kind != "document" or not part.data or not (part.mime or "").startswith("text/"):
        return None
    try:
        text = base64.b64decode(part.data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    return f"[document {part.name}]\n{text}" if part.name else text


def cache_mark(cache: str | None, out: Outward) -> Block:
    """The mark that a client of this protocol gave."""
    if cache is None or not out.native:
        return {}
    return {"cache_control": {"type": "ephemeral", "ttl": "1h"} if cache == "1h" else {"type": "ephemeral"}}


def _placeholder(what: str, path: str, why: str, out: Outward) -> Block:
    out.losses.placeholder(path, why)
    return {"type": "text", "text": f"[{what}: left out, this model cannot read it]"}
