"""Which characters the terminal can show."""

import pytest
from rich.cells import cell_len

from axonhub_cli.cli.tail.glyphs import ASCII, UNICODE, Glyphs, choose


@pytest.mark.parametrize(
    ("encoding", "environ", "expected"),
    [("utf-8", {"LANG": "en_US.UTF-8"}, UNICODE), ("UTF8", {}, UNICODE), ("ascii", {"LANG": "en_US.UTF-8"}, ASCII),
     (None, {}, ASCII),     ("utf-8", {"LANG": "C"}, ASCII), ("utf-8", {"LC_ALL": "POSIX", "LANG": "en_US.UTF-8"}, ASCII),
     ("utf-8", {"LANG": "C", "LC_CTYPE": "C.UTF-8"}, ASCII), ("utf-8", {"LANG": "C", "LC_CTYPE": "de_DE.UTF-8"}, UNICODE),
     ("utf-8", {"LANG": "C.UTF-8", "LC_CTYPE": "C.UTF-8"}, UNICODE)],
)  # fmt: skip
def test_the_c_locale_gets_ascii(encoding: str | None, environ: dict[str, str], expected: Glyphs) -> None:
    """The user's locale decides; what Python sets by itself does not count."""
    assert choose(encoding, environ) is expected


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_each_mark_is_one_cell_and_each_guide_three(glyphs: Glyphs) -> None:
    """Columns stay straight in both sets."""
    marks = "".join(glyphs.outcome(outcome, 1)[0] for outcome in ("running", "ok", "error", "cancelled", "interrupted", "?"))
    marks += glyphs.client("claude-code")[0] + glyphs.client(None)[0] + glyphs.spin
    assert all(cell_len(mark) == 1 for mark in marks + glyphs.cut + glyphs.arrow + glyphs.cursor + glyphs.rule + glyphs.prompt)
    assert [cell_len(guide) for guide in (glyphs.tee, glyphs.corner, glyphs.bar, glyphs.gap)] == [3, 3, 3, 3]


def test_the_ascii_set_is_ascii() -> None:
    """Not one character of it needs more than seven bits."""
    assert all(str(getattr(ASCII, name)).isascii() for name in ASCII.__slots__)
    assert ASCII.client("codex")[0].isascii()
