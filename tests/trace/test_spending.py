"""What earlier runs used, read back from the store."""

from pathlib import Path

from axonhub_cli.config.schema import Trace
from axonhub_cli.trace.records import RequestRecord
from axonhub_cli.trace.spending import of_keys, of_trace
from axonhub_cli.trace.store import Store


def test_requests_are_counted_by_trace_and_by_key_within_a_time(tmp_path: Path) -> None:
    """Costs that nobody knows count as nothing; what is not in the time is not counted."""
    store = Store(tmp_path / "traces.db", Trace())
    store.start()
    for number in range(3):
        key, trace = ("a", "t") if number < 2 else ("b", "u")
        record = RequestRecord(
            id=f"ar-{number}", trace_id=trace, started=100.0 + number, protocol="anthropic", path="/", key=key, outcome="ok"
        )
        store.begin(record)
        store.end(record, {})
    store.close(5.0)

    assert of_trace(tmp_path / "traces.db", "t", 1000.0) == (0.0, 2)
    assert of_trace(tmp_path / "traces.db", "t", 101.0) == (0.0, 1)
    assert of_keys(tmp_path / "traces.db", 0.0, 1000.0) == {"a": (0.0, 2), "b": (0.0, 1)}
    assert of_keys(tmp_path / "traces.db", 101.0, 1000.0) == {"a": (0.0, 1), "b": (0.0, 1)}


def test_without_a_usable_store_nothing_was_used(tmp_path: Path) -> None:
    """None yet, or something that is none."""
    assert of_trace(tmp_path / "missing.db", "t", 1.0) == (0.0, 0)
    (tmp_path / "broken.db").write_bytes(b"not a database" * 100)
    assert of_keys(tmp_path / "broken.db", 0.0, 1.0) == {}
