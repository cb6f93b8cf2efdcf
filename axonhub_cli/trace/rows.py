"""Records as rows: plain snapshots that survive the record's next change, made safe for SQLite and free of secrets.

A snapshot is taken by the caller, because the relay goes on changing its record; everything that costs time (masking, pricing,
hashing, compressing) happens later, in the writer's thread.
"""

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from ..types.messages import Usage
from . import schema
from .records import BodyKind, RequestRecord
from .redact import redact, redact_text

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


def put_request(connection: sqlite3.Connection, values: Snapshot, secrets: Iterable[str]) -> None:
    """Write a request and its attempts, or bring them up to date."""
    row = {
        **values,
        **(values["usage"] or _NO_USAGE),
        "tools": json.dumps(values["tools"]),
        "losses": json.dumps(values["losses"]),
    }
    row.update({name: redact_text(row[name], secrets) for name in _FOREIGN_TEXT if row[name]})
    connection.execute(schema.PUT_REQUEST, _columns(row))
    for attempt in values["attempts"]:
        reason = redact_text(attempt["reason"], secrets) if attempt["reason"] else None
        connection.execute(schema.PUT_ATTEMPT, _columns({**attempt, "request_id": values["id"], "reason": reason}))


def put_bodies(connection: sqlite3.Connection, request_id: str, bodies: Mapping[BodyKind, bytes], secrets: Iterable[str]) -> None:
    """Store a request's bodies; one that is already there in the same words is only referred to."""
    for kind, data in bodies.items():
        connection.execute(schema.DROP_BODY, (request_id, kind))
        masked = redact(bytes(data), secrets)
        digest = hashlib.sha256(masked).digest()
        if connection.execute(schema.HAS_BLOB, (digest,)).fetchone() is None:
            connection.execute(schema.PUT_BLOB, (digest, len(masked), zlib.compress(masked, 1)))
        connection.execute(schema.PUT_BODY, (request_id, kind, digest))


def _columns(row: Mapping[str, Any]) -> dict[str, Any]:
    """Only what SQLite can bind: text that can be encoded, numbers that fit."""
    return {name: _bindable(value) for name, value in row.items() if not isinstance(value, list | dict)}


def _bindable(value: Any) -> Any:
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, int) and not isinstance(value, bool):
        return max(-_LARGEST, min(value, _LARGEST))
    return value
