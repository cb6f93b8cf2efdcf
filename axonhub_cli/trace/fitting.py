"""Which requests of the store fit a filter. Each is looked at as the filter sees it: the language has one meaning here and in the
live tree. A hundred thousand requests take two seconds, four with what was said, where SQLite can spare it none of them
(`filter_sql`), else much less."""

import json
import sqlite3
from typing import Any

from . import filter_sql
from .filter import Filter
from .filter_sql import Rough
from .subject import Subject, losses

_QUERY = """
    SELECT requests.id, requests.trace_id, started, outcome, kind, status, stream, thread, client, profile, agent, lane, finish,
           coalesce(effort_sent, effort), requests.prompt, error, verdict, asked_model, model, channel, tools, losses,
           first_byte_ms, first_token_ms, duration_ms, input, cache_read, output, reasoning, cost, attempts{said}
    FROM requests{texts} WHERE +started >= ? AND ({rough})
"""
_SAID = {"said": ", texts.prompt, texts.answer", "texts": " LEFT JOIN texts ON texts.request_id = requests.id"}


def fitting(connection: sqlite3.Connection, fits: Filter, since: float, now: float) -> list[str]:
    """The ids of the requests since then that fit at the moment `now` (both Unix times)."""
    rough = fits.rough or Rough("1")
    connection.create_function("says", -1, filter_sql.says, deterministic=True)
    query = _QUERY.format(rough=rough.sql, **(_SAID if fits.wordy else {"said": "", "texts": ""}))
    return [row[0] for row in connection.execute(query, (since, *rough.values)) if fits.matches(_subject(row), now)]


def _subject(row: tuple[Any, ...]) -> Subject:
    (
        name, trace, started, outcome, kind, status, stream, thread, client, profile, agent, lane, finish, effort, prompt, error,
        verdict, asked, model, channel, tools, receipt, first_byte, first_token, duration, read, cached, written, reasoning, cost,
        tried, *said,
    ) = row  # fmt: skip
    channels = () if tried == "[]" else tuple(attempt["channel"] for attempt in json.loads(tried))
    return Subject(
        name, trace, started, outcome, kind, status, bool(stream), thread, client, profile, agent, lane, finish, effort, prompt,
        error, verdict, tuple(filter(None, (asked, model))), channels or tuple(filter(None, (channel,))),
        () if tools == "[]" else tuple(json.loads(tools)), 0 if receipt == "[]" else losses(json.loads(receipt)), len(channels),
        first_byte, first_token, duration, read, cached, written, reasoning, cost, lambda: filter(None, said),
    )  # fmt: skip
