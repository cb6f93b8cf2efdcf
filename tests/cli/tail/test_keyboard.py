"""Bytes → keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.cli.tail.keyboard import Keyboard

CASES = [
    (b"q", ["q"]), (b"\x1b[A\x1bOB", ["up", "down"]), (b"jk \r", ["j", "k", " ", "enter"]), (b"\x1b", ["escape"]),
    (b"\x1b[5~G", ["page up", "G"]), (b"\x1b[1;5Aq", ["q"]), ("xé漢".encode(), ["x", "é", "漢"]), (b"\x1b[?1;2cq", ["q"]),
    (b"\x7f\x08\x17\x15\x01\x05", ["backspace", "backspace", "ctrl-w", "ctrl-u", "ctrl-a", "ctrl-e"]),
    (b"\x1b[200~q\x1b[31m\nq\x1b[201~x", ["paste:q\x1b[31m\nq", "x"]), (b"\x1b]11;rgb:ffff/ffff/ffff\x07q", ["q"]),
    (b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\q", ["q"]), (b"\x1bq", ["escape", "q"]), (b"\x1b\x1b[A", ["escape", "up"]),
    (b"\xff\xfea", []), (b"\x80a", ["a"]), (b"\x1b[3~", ["delete"]),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "expected"), CASES)
def test_bytes_become_keys(typed: bytes, expected: list[str]) -> None:
    """Arrows in both forms, letters of all alphabets, pastes as one; answers of the terminal are no keys."""
    assert Keyboard().feed(typed) == expected


@pytest.mark.parametrize(("typed", "expected"), [case for case in CASES if case[0].count(b"\x1b") != len(case[0])])
def test_pieces_are_put_together(typed: bytes, expected: list[str]) -> None:
    """Cut anywhere but right after an escape, the keys are the same."""
    for cut in range(1, len(typed)):
        if not typed[:cut].endswith(b"\x1b"):
            keyboard = Keyboard()
            assert keyboard.feed(typed[:cut]) + keyboard.feed(typed[cut:]) == expected


@given(typed=st.lists(st.binary(max_size=40), max_size=5))
def test_no_bytes_are_too_odd(typed: list[bytes]) -> None:
    """Whatever comes, keys are printable characters or names."""
    keyboard = Keyboard()
    for piece in typed:
        for key in keyboard.feed(piece):
            assert key.startswith("paste:") or key.isprintable()
