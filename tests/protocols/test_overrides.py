"""A channel's operations, carried out on bodies and headers."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.protocols import overrides
from axonhub_cli.types.override import BodyOverride, HeaderOverride

ASK = (
    b'{"model":"m", "temperature":1.0,"stop":["a","b"],"tools":[{"name":"x","strict":true},{"name":"y","strict":true}],"n":null}'
)


def op(kind: str, path: str, value: Any = None, to: str | None = None) -> BodyOverride:
    return BodyOverride(op=kind, path=path, value=value, to=to)  # type: ignore[arg-type]  # a table of kinds


CASES: list[tuple[BodyOverride, dict[str, Any]]] = [
    (op("set", "temperature", 0.2), {"temperature": 0.2}),
    (op("set", "a.b.c", [1]), {"a": {"b": {"c": [1]}}}),
    (op("set", "stop.-1", "z"), {"stop": ["a", "z"]}),
    (op("set", "stop.-", "c"), {"stop": ["a", "b", "c"]}),
    (op("set", "more.-.x", 1), {"more": [{"x": 1}]}),
    (op("set", "tools.*.strict", False), {"tools": [{"name": "x", "strict": False}, {"name": "y", "strict": False}]}),
    (op("set_if_absent", "top_p", 0.9), {"top_p": 0.9}),
    (op("set_if_absent", "n", 1), {"n": 1}),
    (op("delete", "temperature"), {"temperature": ...}),
    (op("delete", "stop.0"), {"stop": ["b"]}),
    (op("delete", "stop.*"), {"stop": []}),
    (op("delete", "tools.*.strict"), {"tools": [{"name": "x"}, {"name": "y"}]}),
    (op("rename", "temperature", to="config.heat"), {"temperature": ..., "config": {"heat": 1.0}}),
    (op("rename", "tools.*.strict", to="tools.*.exact"), {"tools": [{"name": "x", "exact": True}, {"name": "y", "exact": True}]}),
]  # fmt: skip


@pytest.mark.parametrize(("item", "changed"), CASES, ids=lambda value: value.told if isinstance(value, BodyOverride) else "")
def test_what_an_operation_does(item: BodyOverride, changed: dict[str, Any]) -> None:
    """The named place changes, everything else stays as it was, and the receipt says what was done."""
    data, told = overrides.body(ASK, [item])
    expected = {key: value for key, value in {**json.loads(ASK), **changed}.items() if value is not ...}
    assert json.loads(data) == expected
    assert [(loss.action, loss.path) for loss in told] == [("override", item.told)]


NOTHING = [
    op("set", "temperature", 1.0), op("set_if_absent", "temperature", 0.2), op("delete", "top_k"), op("rename", "top_k", to="k"),
    op("set", "stop.7", "x"), op("set", "model.deep", 1), op("delete", "stop.x"), op("delete", "model.0"), op("delete", "n"),
    op("set", "temperature.*.a", 1),
]  # fmt: skip


@pytest.mark.parametrize("item", NOTHING, ids=lambda item: item.told)
def test_what_finds_nothing_to_do_changes_no_byte(item: BodyOverride) -> None:
    """The same object comes back, and nothing is told."""
    assert overrides.body(ASK, [item]) == (ASK, [])


def test_operations_run_in_their_order_and_untouched_values_keep_their_bytes() -> None:
    """What one sets another may rename; a number that nobody names is written as it was."""
    data, told = overrides.body(b'{"big": 1.0000000000000000001, "a": {"b" : 1}}', [op("set", "x", 1), op("rename", "x", to="y")])
    assert data == b'{"big":1.0000000000000000001,"a":{"b" : 1},"y":1}'
    assert len(told) == 2


def test_only_for_some_models_and_protocols() -> None:
    """Patterns of the model's name; no list means all."""
    items = [
        BodyOverride(op="delete", path="a", models=("qwen*",)),
        BodyOverride(op="delete", path="b", protocols=("anthropic",)),
        BodyOverride(op="delete", path="c"),
    ]
    assert [item.path for item in overrides.meant(items, "qwen3:8b", "openai-chat")] == ["a", "c"]
    assert [item.path for item in overrides.meant(items, "Qwen", "anthropic")] == ["b", "c"]


HEADERS = [("user-agent", "claude-cli/2"), ("anthropic-beta", "a,b"), ("x-api-key", "sk-real")]


def test_headers_are_set_removed_and_renamed() -> None:
    """By name in any case; what is not there is not touched."""
    items = [
        HeaderOverride(op="set", name="User-Agent", value="me/1"),
        HeaderOverride(op="set_if_absent", name="x-new", value="1"),
        HeaderOverride(op="set_if_absent", name="x-new", value="2"),
        HeaderOverride(op="rename", name="Anthropic-Beta", to="X-Beta"),
        HeaderOverride(op="delete", name="x-none"),
    ]
    pairs, told = overrides.headers(HEADERS, items)
    assert dict(pairs) == {"user-agent": "me/1", "x-new": "1", "x-beta": "a,b", "x-api-key": "sk-real"}
    assert [loss.path for loss in told] == [
        "set header user-agent", "set_if_absent header x-new", "rename header anthropic-beta to x-beta"
    ]  # fmt: skip


def test_credentials_stay_even_if_a_file_that_was_not_checked_says_otherwise() -> None:
    """The list of what is kept is asked again here."""
    items = [
        HeaderOverride(op="delete", name="x-api-key"),
        HeaderOverride(op="rename", name="anthropic-beta", to="Authorization"),
    ]
    assert overrides.headers(HEADERS, items) == (HEADERS, [])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=1), inner, max_size=3),
    max_leaves=8,
)
paths = st.lists(st.sampled_from(["a", "b", "0", "1", "-1", "*"]), max_size=4).map(lambda rest: ".".join(["a", *rest]))


@given(st.dictionaries(st.text("ab", max_size=1), json_values, max_size=3), paths, st.sampled_from(["set", "delete", "rename"]))
def test_any_path_on_any_body(fields: dict[str, Any], path: str, kind: str) -> None:
    """Never an error; and what was set is there."""
    item = op(kind, path, "new" if kind == "set" else None, "moved" if kind == "rename" else None)
    data, told = overrides.body(json.dumps(fields).encode(), [item])
    assert bool(told) == (json.loads(data) != fields)
