"""Takes the wrapping off a free-text tool's input: a Markdown fence, and around a patch whatever shells and models put there.

A patch begins at its line `*** Begin Patch`, when only fences and shell lines (heredocs, `apply_patch`) stand before it, and
ends at its line `*** End Patch`; what follows is dropped when it is nothing but the rest of such a wrapping. Everything
streams: only what may still turn out to be wrapping stays back.
"""

import re

BEGIN = "*** Begin Patch"
END = "*** End Patch"
_FENCE = re.compile(r"\A\s*```[^\n`]*\n")
_CLOSING = re.compile(r"\n[ \t]*```\s*\Z")
_RESIDUE = re.compile(r"""\A(?:[A-Z_]{2,12}\b|[)\]}'"`;\s])*\Z""")
_SHELL = ("```", "apply_patch", "bash", "sh ", "cat <<", "<<")
_OPENERS = (*_SHELL, BEGIN)
_PREAMBLE = 400  # characters in which the wrapping of a patch has to give way to the patch


def unfenced(text: str) -> str:
    """The inside of a whole fenced text; any other text as it is."""
    return _CLOSING.sub("", _FENCE.sub("", text)) if _FENCE.match(text) else text


class Trimmer:
    """Takes a Markdown fence off a streamed text, and with `patch` every wrapping that shells and models put around a patch."""

    __slots__ = ("_fenced", "_held", "_patch", "_state")

    def __init__(self, *, patch: bool) -> None:
        self._patch = patch
        self._state = "start"
        self._held = ""
        self._fenced = False

    def feed(self, text: str) -> str:
        self._held += text
        if self._state == "start" and not self._opened():
            return ""
        if self._state == "patch":
            return self._within_patch()
        return self._body()

    def close(self) -> str:
        """The end: what was held goes out, less the closing half of the wrapping."""
        held, self._held = self._held, ""
        if self._state == "done":
            return "" if _RESIDUE.match(held) else held
        if self._state == "start" and self._fence(held):
            held = _FENCE.sub("", held, count=1)
        return _CLOSING.sub("", held) if self._fenced else held

    def _fence(self, text: str) -> bool:
        self._fenced = self._fenced or _FENCE.match(text) is not None
        return self._fenced

    def _opened(self) -> bool:
        """Decides how the text begins; False while that is open."""
        start = self._held.lstrip()
        if not start:
            return False
        if self._patch:
            return self._patch_opened(start)
        if start.startswith("```") and "\n" in start:
            self._fence(self._held)
            self._held = _FENCE.sub("", self._held, count=1)
        elif "```".startswith(start[:3]):
            return False
        self._state = "body"
        return True

    def _patch_opened(self, start: str) -> bool:
        wrapped = any(start.startswith(opener) or opener.startswith(start) for opener in _OPENERS)
        at = self._held.find(BEGIN, 0, _PREAMBLE) if wrapped else -1
        if wrapped and at < 0 and len(self._held) < _PREAMBLE:
            return False
        self._state = "body"
        if at >= 0 and _is_wrapping(self._held[:at]):
            self._held, self._state = self._held[at:], "patch"
        return True

    def _body(self) -> str:
        """Text as it comes; of a fenced one the tail that may be the closing fence stays back."""
        if self._state == "done":
            return ""
        cut = _possible_closing(self._held) if self._fenced else len(self._held)
        out, self._held = self._held[:cut], self._held[cut:]
        return out

    def _within_patch(self) -> str:
        """A patch up to and with its last line; the possible start of that line stays back."""
        at = self._held.find("\n" + END)
        if at >= 0 and len(self._held) > at + 1 + len(END):
            end = at + 1 + len(END) + (self._held[at + 1 + len(END)] == "\n")
            self._state, out, self._held = "done", self._held[:end], self._held[end:]
            return out
        cut = at if at >= 0 else _possible_end(self._held)
        out, self._held = self._held[:cut], self._held[cut:]
        return out


def _possible_end(text: str) -> int:
    """Where a beginning of the end line stands at the end of the text; the text's length when there is none."""
    mark = "\n" + END
    at = text.rfind("\n")
    return at if at >= 0 and mark.startswith(text[at:]) else len(text)


def _possible_closing(text: str) -> int:
    """Where a closing fence, or the beginning of one, may stand at the end of the text."""
    body = text.rstrip()
    ticks = body[-3:]
    line = body[: len(body) - (len(ticks) - len(ticks.rstrip("`")))].rstrip(" \t")
    return len(line) - 1 if line.endswith("\n") else len(body)


def _is_wrapping(text: str) -> bool:
    """Whether the text before a patch is nothing but shell and Markdown."""
    lines = [line.strip() for line in text.splitlines()]
    return all(not line or line.startswith(_SHELL) or "<<" in line for line in lines)
