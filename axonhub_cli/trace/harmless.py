"""Foreign text that may be looked at: control, bidi and invisible characters are shown, not obeyed."""

_CONTROL = {code: chr(0x2400 + code) for code in range(0x20) if code not in (0x09, 0x0A)}
_CONTROL.update(dict.fromkeys([*range(0x7F, 0xA0), 0x61C, 0x200B, 0x200E, 0x200F, *range(0x2028, 0x202F)], "\ufffd"))
_CONTROL.update(dict.fromkeys([*range(0x2060, 0x2070), 0xFEFF, *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0080)], "\ufffd"))
_CONTROL.update(dict.fromkeys(range(0xD800, 0xE000), "\ufffd"))
_TABLE = str.maketrans(_CONTROL)


def harmless(text: str) -> str:
    """The text with a picture, or U+FFFD, in the place of each such character; tabs and line ends stay."""
    return text.translate(_TABLE)
