"""Escape sequences in what a model, a client or an upstream writes: none reaches a terminal as it is."""

# ruff: noqa: E501  # a table
import re

import pytest

from axonhub_cli.cli.output import clean

ESC, BEL, ST = "\x1b", "\x07", "\x1b\\"
C1 = ("\x84", "\x85", "\x88", "\x8d", "\x8e", "\x8f", "\x90", "\x98", "\x9a", "\x9b", "\x9c", "\x9d", "\x9e", "\x9f")
PAYLOADS = [
    f"{ESC}[31m", f"{ESC}[2J", f"{ESC}[H", f"{ESC}[6n", f"{ESC}[?1049h", f"{ESC}[8m", f"{ESC}[200~", f"{ESC}c", f"{ESC}7", f"{ESC}#8", f"{ESC}(0",
    f"{ESC}]0;title{BEL}", f"{ESC}]2;title{ST}", f"{ESC}]8;;http://evil{ST}click{ESC}]8;;{ST}", f"{ESC}]52;c;aGk={BEL}",
    f"{ESC}]52;c;!{ST}", f"{ESC}]1337;File=:x{BEL}", f"{ESC}]9;hi{BEL}", f"{ESC}]777;notify;a;b{BEL}", f"{ESC}]10;?{BEL}", f"{ESC}P$q{ST}",
    f"{ESC}_Gx{ST}", f"{ESC}^x{ST}", f"{ESC}Xx{ST}", "\x08\x08\x08", "\r", "\x0b", "\x0c", "\x00", "\x05", "\x0e", "\x0f", "\x7f", *C1,
    "\u202e\u202d\u202c", "\u2066\u2067\u2068\u2069", "\u200e\u200f\u061c", "\u200b\u2060\ufeff", "\u2028\u2029", "\ufff9\ufffa\ufffb",
    "\U000e0041\U000e007f", "\ud800",
]  # fmt: skip
RAW = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)


def test_there_are_many_classes() -> None:
    """46 at least, all different."""
    assert len(set(PAYLOADS)) == len(PAYLOADS) >= 46


@pytest.mark.parametrize("payload", PAYLOADS, ids=ascii)
def test_nothing_raw_is_shown(payload: str) -> None:
    """Alone, in the middle of a text, and many times."""
    for text in (payload, f"a{payload}b", payload * 50):
        shown = clean(text)
        assert not RAW.search(shown), ascii(shown)
        assert len(shown) <= max(8 * len(text), 8)
