"""The parts inside a message's `content` and inside a tool result's list: text, refusals, images, files, audio.

`read_content` and `write_content` are inverse for whatever the API defines. A part of an unknown type is kept whole as
`Opaque(kind="content.<type>")`, so that the writer can tell it from an unknown *item*.
"""

from typing import Any

from ...types.messages import Media, Opaque, Part, Protocol, Refusal, Text
from ..raw import unknown
from .fields import checked, clean, expect, text, text_or_none

NAME: Protocol = "openai-responses"
CONTENT = "content."
_TEXT_KEYS = frozenset({"type", "text"})
_OUTPUT_KEYS = frozenset({"type", "text", "annotations", "logprobs"})
_REFUSAL_KEYS = frozenset({"type", "refusal"})
_IMAGE_KEYS = frozenset({"type", "image_url", "file_id", "detail"})
_FILE_KEYS = frozenset({"type", "file_id", "file_url", "file_data", "filename"})


def read_contents(value: str | list[Any], path: str) -> tuple[Part, ...]:
    """A string, or a list of parts. Raises `RequestError`."""
    if isinstance(value, str):
        return (Text(text=value),) if value else ()
    return tuple([read_content(checked(item, "object", f"{path}[{at}]"), f"{path}[{at}]") for at, item in enumerate(value)])


def read_content(fields: dict[str, Any], path: str) -> Part:
    """One part. Raises `RequestError` when a field that we understand has the wrong type."""
    kind = expect(fields, "type", "string", path)
    if kind in ("input_text", "output_text", "text", "summary_text", "reasoning_text"):
        expect(fields, "text", "string", path)
        return read_text(fields)
    if kind == "refusal":
        expect(fields, "refusal", "string", path)
        return Refusal(text=text(fields, "refusal"), extra=unknown(fields, _REFUSAL_KEYS))
    for key in ("image_url", "file_id", "file_url", "file_data", "filename"):
        expect(fields, key, "string", path)
    media = _read_media(kind, fields)
    return media or Opaque(protocol=NAME, kind=f"{CONTENT}{kind}", raw=fields)


def read_text(fields: dict[str, Any]) -> Text:
    """A text part; annotations and logprobs stay with it when there are any."""
    extra = unknown(fields, _OUTPUT_KEYS if fields.get("type") == "output_text" else _TEXT_KEYS) or {}
    if fields.get("type") == "output_text":
        extra |= {key: fields[key] for key in ("annotations", "logprobs") if fields.get(key)}
    return Text(text=text(fields, "text"), extra=extra or None)


def _read_media(kind: str | None, fields: dict[str, Any]) -> Media | None:
    if kind == "input_image":
        return _read_image(fields)
    if kind == "input_file":
        return _read_file(fields)
    audio = fields.get("input_audio")
    if kind == "input_audio" and isinstance(audio, dict) and text(audio, "data") and text(audio, "format"):
        return Media(kind="audio", mime=f"audio/{audio['format']}", data=audio["data"], extra=unknown(fields, _AUDIO_KEYS))
    return None


_AUDIO_KEYS = frozenset({"type", "input_audio"})


def _read_image(fields: dict[str, Any]) -> Media | None:
    extra, detail = unknown(fields, _IMAGE_KEYS), text_or_none(fields, "detail")
    if fields.get("image_url"):
        mime, data = split_data_uri(fields["image_url"])
        url = None if data else fields["image_url"]
        return Media(kind="image", mime=mime, data=data, url=url, detail=detail, extra=extra)
    if fields.get("file_id"):
        return Media(kind="image", file_id=fields["file_id"], detail=detail, extra=extra)
    return None


def _read_file(fields: dict[str, Any]) -> Media | None:
    extra, name = unknown(fields, _FILE_KEYS), text_or_none(fields, "filename")
    if fields.get("file_data"):
        mime, data = split_data_uri(fields["file_data"])
        return Media(kind="document", mime=mime, data=data or fields["file_data"], name=name, extra=extra)
    if fields.get("file_id") or fields.get("file_url"):
        url = None if fields.get("file_id") else fields["file_url"]
        return Media(kind="document", file_id=text_or_none(fields, "file_id"), url=url, name=name, extra=extra)
    return None


def split_data_uri(uri: str) -> tuple[str | None, str | None]:
    """`(mime, base64 text)` of a plain base64 data URI; two Nones for anything else, which is then kept as it is."""
    if not uri.startswith("data:"):
        return None, None
    head, _, data = uri.partition(",")
    mime, _, encoding = head[5:].partition(";")
    return (mime, data) if mime and encoding == "base64" and data else (None, None)


def write_content(part: Part, *, assistant: bool = False, extras: bool = True) -> dict[str, Any] | None:
    """One part as the API takes it; None when it has no form here. `extras`: also what only this protocol knows."""
    match part:
        case Text():
            fields = {"type": "output_text" if assistant else "input_text", "text": part.text}
        case Refusal():
            fields = {"type": "refusal", "refusal": part.text}
        case Media():
            fields = _write_media(part)
        case Opaque(protocol="openai-responses") if part.kind.startswith(CONTENT):
            return part.raw
        case _:
            return None
    extra = part.extra if extras else None
    return {**fields, **{key: value for key, value in (extra or {}).items() if key != "item"}}


def _write_media(part: Media) -> dict[str, Any]:
    if part.kind == "image":
        url = part.url or (f"data:{part.mime or 'image/png'};base64,{part.data}" if part.data else None)
        return clean(type="input_image", image_url=url, file_id=part.file_id, detail=part.detail)
    if part.kind == "audio":
        form = (part.mime or "audio/wav").partition("/")[2]
        return {"type": "input_audio", "input_audio": {"data": part.data or "", "format": form}}
    data = f"data:{part.mime};base64,{part.data}" if part.data and part.mime else part.data
    name = part.name or (_file_name(part.mime) if part.data and part.mime else None)
    return clean(type="input_file", file_id=part.file_id, file_url=part.url, file_data=data, filename=name)


def _file_name(mime: str | None) -> str:
    """The API wants a name for inline files, and goes by its ending."""
    endings = {
        "application/pdf": "pdf",
        "text/plain": "txt",
        "text/markdown": "md",
        "text/csv": "csv",
        "application/json": "json",
    }
    return f"document.{endings.get(mime or '', 'pdf')}"
