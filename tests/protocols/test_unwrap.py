"""The text of a free-text tool comes out of whatever a model wrapped it in, at any cut of the stream."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.protocols.unwrap import Unwrapper

PATCH = '*** Begin Patch\n*** Add File: ü.txt\n+say "hi" \\n \U0001f600\n*** End Patch\n'
WRAPPED = json.dumps({"input": PATCH})

CASES = {
    "as asked": (WRAPPED, PATCH),
    "characters unescaped": (json.dumps({"input": PATCH}, ensure_ascii=False), PATCH),
    "spaces around": (' \n{ "input" :\t"a\\tb" } \n', "a\tb"),
    "keys before": ('{"why": "because \\"input\\": no", "n": [1, {"input": "x"}], "input": "yes"}', "yes"),
    "keys after": ('{"input": "yes", "why": "because"}', "yes"),
    "no closing brace": ('{"input": "yes"', "yes"),
    "no closing quote": ('{"input": "yes', "yes"),
    "cut in an escape": ('{"input": "yes\\', "yes"),
    "quotes not escaped": ('{"input": "print("x") and more"}', 'print("x") and more'),
    "line breaks not escaped": ('{"input": "a\nb"}', "a\nb"),
    "backslashes not escaped": ('{"input": "\\d+\\."}', "\\d+\\."),
    "slash escaped": ('{"input": "\\/\\b\\f\\r"}', "/\b\f\r"),
    "half of a pair": ('{"input": "\\ud83d!"}', "\ufffd!"),
    "half of a pair at the end": ('{"input": "\\ud83d"}', "\ufffd"),
    "low half alone": ('{"input": "\\ude00"}', "\ufffd"),
    "bare string": ('"print(1)"', "print(1)"),
    "no JSON": ("print({1: 2})\n", "print({1: 2})\n"),
    "code in braces": ("{ const x = 1; }", "{ const x = 1; }"),
    "code that begins with a string": ('"use strict"; go()', '"use strict"; go()'),
    "a list": ("[1].map(f)", "[1].map(f)"),
    "another key": ('{"patch": "a"}', "a"),
    "a command": (json.dumps({"command": ["apply_patch", PATCH]}), PATCH),
    "an object for a string": (json.dumps({"input": {"text": "a"}}), "a"),
    "a number for a string": ('{"input": 7}', "7"),
    "two strings and no input": ('{"a": "1", "b": "2"}', '{"a": "1", "b": "2"}'),
    "fenced JSON": ('```json\n{"input": "a"}\n```', "a"),
    "nothing": ("", ""),
    "an empty object": ("{}", ""),
    "an empty input": ('{"input": ""}', ""),
    "a null input": ('{"input": null}', "null"),
}


def run(chunks: list[str]) -> str:
    unwrapper = Unwrapper()
    return "".join(unwrapper.feed(chunk) for chunk in chunks) + unwrapper.close()


@pytest.mark.parametrize(("wire", "text"), CASES.values(), ids=CASES)
def test_what_models_write(wire: str, text: str) -> None:
    """Every known way of wrapping gives the text, whole and one character at a time."""
    assert run([wire]) == text
    assert run(list(wire)) == text


@given(st.text(), st.data())
def test_any_text_at_any_cut(text: str, data: st.DataObject) -> None:
    """What goes in as JSON comes out as it was, wherever the stream is cut and however it was escaped."""
    wire = json.dumps({"input": text}, ensure_ascii=data.draw(st.booleans()))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=8)))
    chunks = [wire[a:b] for a, b in zip([0, *cuts], [*cuts, len(wire)], strict=True)]
    assert run(chunks) == text


@given(st.text(alphabet='{}[]":,\\u0dinput a`\n'), st.data())
def test_cuts_never_matter(wire: str, data: st.DataObject) -> None:
    """Broken input gives something, and the same at every cut."""
    cut = data.draw(st.integers(0, len(wire)))
    assert run([wire[:cut], wire[cut:]]) == run([wire]) == run(list(wire))


def test_it_streams() -> None:
    """Text leaves as it comes: nothing waits for the end but an escape that is not whole."""
    unwrapper = Unwrapper()
    assert [unwrapper.feed(c) for c in ('{"inp', 'ut": "ab', "c\\", "nd\\ud8", "3d\\ude00", '"}')] == [
        "",
        "ab",
        "c",
        "\nd",
        "\U0001f600",
        "",
    ]
