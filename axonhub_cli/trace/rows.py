"""Records as rows: plain snapshots that survive the record's next change, made safe for SQLite and free of secrets.

A snapshot is taken by the caller, because the relay goes on changing its record; everything that costs time (masking, pricing,
hashing, compressing) happens later, in the writer's thread.
"""

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

import msgspec

from ..types.messages import Usage
from . import schema
from .records import RequestRecord
from .redact import Redactor
from .texts import Texts

Snapshot = dict[str, Any]

_FOREIGN_TEXT = ("prompt", "error", "path")  # where a secret could stand
_NO_USAGE = dict.fromkeys(Usage.__struct_fields__)
_LARGEST = 2**63 - 1  # what SQLite can hold


def snapshot(record: RequestRecord) -> Snapshot:
    """The record as it is now, in plain values."""
    values: Snapshot = msgspec.to_builtins(record)
    return values


def usage_of(values: Snapshot) -> Usage | None:
    """A snapshot's usage as a value again."""
    return Usage(**values["usage"]) if values["usage"] else None


def put_request(connection: sqlite3.Connection, values: Snapshot, redactor: Redactor) -> None:
    """Write a request and its attempts, or bring them up to date."""
    row = {
        **values,
        **(values["usage"] or _NO_USAGE),
        "tools": json.dumps(values["tools"]),
        "losses": json.dumps(values["losses"]),
    }
    row.update({name: redactor.text(row[name]) for name in _FOREIGN_TEXT if row[name]})
    connection.execute(schema.PUT_REQUEST, _columns(row))
    for attempt in values["attempts"]:
        reason = redactor.text(attempt["reason"]) if attempt["reason"] else None
        connection.execute(schema.PUT_ATTEMPT, _columns({**attempt, "request_id": values["id"], "reason": reason}))


def put_texts(connection: sqlite3.Connection, request_id: str, texts: Texts, redactor: Redactor) -> None:
    """Make a request findable by what was asked and answered."""
    connection.execute(schema.DROP_TEXTS, (request_id,))
    if texts.prompt or texts.answer:
        connection.execute(schema.PUT_TEXTS, (request_id, redactor.text(texts.prompt), redactor.text(texts.answer)))


def _columns(row: Mapping[str, Any]) -> dict[str, Any]:
    """Only what SQLite can bind: text that can be encoded, numbers that fit."""
    return {name: _bindable(value) for name, value in row.items() if not isinstance(value, list | dict)}


def _bindable(value: Any) -> Any:
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, int) and not isinstance(value, bool):
        return max(-_LARGEST, min(value, _LARGEST))
    return value
