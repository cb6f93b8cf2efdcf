"""Records as rows, made safe for SQLite and free of secrets; in the writer's thread, since masking takes its time."""

import json
import sqlite3
from operator import attrgetter
from typing import Any

import msgspec

from ..types.messages import Loss, Usage
from . import schema
from .records import AttemptRecord, RequestRecord
from .redact import Redactor
from .texts import Texts

Row = tuple[Any, ...]
Foreign = tuple[str | None, str | None, str | None, str]  # path, prompt, error, and attempts as JSON
Places = dict[str, tuple[int, int, int]]  # of a request's bodies: kind → pack, number in it, bytes

_fields = attrgetter(*RequestRecord.__struct_fields__)
_attempt_fields = attrgetter(*AttemptRecord.__struct_fields__)
_plain = attrgetter(*schema.PLAIN)
_usage = attrgetter(*schema.USAGE)
_NO_USAGE = (None,) * len(schema.USAGE)
_LARGEST = 2**63 - 1  # what SQLite can hold
_encode = msgspec.json.Encoder().encode


def columns(record: RequestRecord, places: Places, redactor: Redactor, searched: Foreign | None = None) -> Row:
    """The values of `schema.NEW_REQUESTS`, without secrets. `searched`: what others wrote, when there are none in it."""
    usage = record.usage
    return (
        *_plain(record),
        *(_NO_USAGE if usage is None else _usage(usage)),
        *(searched or _masked(record, redactor)),
        _json(record.tools),
        _json(record.losses),
        _encode(places).decode() if places else None,
    )


def foreign(record: RequestRecord) -> Foreign:
    """What others wrote of a record: its path, prompt, error and attempts."""
    return record.path, record.prompt, record.error, _encode(record.attempts).decode()


def _masked(record: RequestRecord, redactor: Redactor) -> Foreign:
    path, prompt, error = (text and redactor.text(text) for text in (record.path, record.prompt, record.error))
    return path, prompt, error, redactor.clean(_encode(record.attempts)).decode()


def bent(record: RequestRecord, places: Places, redactor: Redactor, searched: Foreign | None = None) -> Row:
    """The same for a record that SQLite cannot hold as it is: text that can be encoded, numbers that fit."""
    plain = RequestRecord(*_fields(record))
    plain.tools = [_bindable(name) for name in plain.tools]
    plain.losses = [Loss(loss.action, _bindable(loss.path), _bindable(loss.why)) for loss in plain.losses]
    plain.attempts = [AttemptRecord(*map(_bindable, _attempt_fields(attempt))) for attempt in plain.attempts]
    return tuple(map(_bindable, columns(plain, places, redactor, searched)))


def put_texts(connection: sqlite3.Connection, request_id: str, texts: Texts, redactor: Redactor) -> None:
    """Make a request findable by what was asked and answered."""
    connection.execute(schema.DROP_TEXTS, (request_id,))
    if texts.prompt or texts.answer:
        connection.execute(schema.PUT_TEXTS, (request_id, redactor.text(texts.prompt), redactor.text(texts.answer)))


def stored(row: dict[str, Any]) -> RequestRecord:
    """A row of `requests` as a record again, as far as the cache verdict needs it."""
    record = RequestRecord(row["id"], row["trace_id"], row["started"], row["protocol"], row["path"])
    for name in ("agent", "kind", "outcome", "channel", "model", "duration_ms"):
        setattr(record, name, row[name])
    record.usage = Usage(**{name: row[name] for name in schema.USAGE})
    record.attempts = [AttemptRecord(**attempt) for attempt in json.loads(row["attempts"])]
    return record


def _json(values: list[Any]) -> str:
    return _encode(values).decode() if values else "[]"


def _bindable(value: Any) -> Any:
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, int) and not isinstance(value, bool):
        return max(-_LARGEST, min(value, _LARGEST))
    return value
