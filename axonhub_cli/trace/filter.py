"""The filter language, in the spirit of mitmproxy's: `~model opus & (~err | ~cost>0.1) !~side "flaky test"`.

    either := both ("|" both)*
    both   := not ("&"? not)*          what stands side by side holds together
    not    := "!" not | "(" either ")" | atom
    atom   := ~name [value] | word     the names are in `filter_words`

One pass over the text, left to right; each rule gives a test of a `Subject` at a moment. A filter that cannot be read says where
it goes wrong, so that an input line can point there.
"""

import difflib
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import UsageError
from . import filter_sql, filter_words
from .filter_sql import Rough
from .filter_words import FLAGS, NAMES, NUMBERS, TEXTS, TIMES
from .subject import Subject

Test = Callable[[Subject, float], bool]

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<=": operator.le, ">=": operator.ge, "!=": operator.ne, "==": operator.eq, "=": operator.eq, "<": operator.lt,
    ">": operator.gt,
}  # fmt: skip
_DEEPEST = 50  # parentheses and negations within each other


class FilterError(UsageError):
    """A filter that cannot be read. `at` is the place in its text, counted from 0."""

    code = "filter"

    def __init__(self, words: str, at: int, *, hint: str) -> None:
        super().__init__(f"The filter goes wrong at character {at + 1}: {words}.", hint=hint)
        self.words = words
        self.at = at


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that was understood. `timed`: its answer changes with the time alone; `wordy`: it looks for words; `rough`: what
    the store can say of it."""

    text: str
    test: Test
    timed: bool
    wordy: bool
    rough: Rough | None = None

    def matches(self, subject: Subject, now: float) -> bool:
        """Whether a request fits at the moment `now` (Unix time)."""
        return self.test(subject, now)


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a filter: its test, and its condition for the store."""

    test: Test
    rough: Rough | None = None


def parse(text: str) -> Filter:
    """Understand a filter, or raise `FilterError`. An empty one fits everything."""
    return _Parser(text).filter()


class _Parser:
    """Reads the text once; `_at` is where it is."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._timed = self._wordy = False

    def filter(self) -> Filter:
        part = self._either() if self._next() else _Part(_anything)
        if self._next():
            raise FilterError("this ) closes nothing", self._at, hint="Take it away, or open it before with (.")
        return Filter(self._text, part.test, self._timed, self._wordy, part.rough)

    def _next(self) -> str:
        """The next character that is no space; empty at the end."""
        while self._text[self._at : self._at + 1].isspace():
            self._at += 1
        return self._text[self._at : self._at + 1]

    def _either(self) -> _Part:
        parts = [self._both()]
        while self._next() == "|":
            self._at += 1
            parts.append(self._both())
        if len(parts) == 1:
            return parts[0]
        tests = [part.test for part in parts]
        return _Part(
            lambda subject, now: any(test(subject, now) for test in tests), filter_sql.either([part.rough for part in parts])
        )

    def _both(self) -> _Part:
        parts = [self._not()]
        while self._next() not in ("", "|", ")"):
            if self._next() == "&":
                self._at += 1
            parts.append(self._not())
        if len(parts) == 1:
            return parts[0]
        tests = [part.test for part in parts]
        return _Part(
            lambda subject, now: all(test(subject, now) for test in tests), filter_sql.both([part.rough for part in parts])
        )

    def _not(self) -> _Part:
        first, start = self._next(), self._at
        if first in ("!", "("):
            self._at += 1
            self._depth += 1
            if self._depth > _DEEPEST:
                raise FilterError("this is nested too deeply", start, hint="Write it flatter.")
            inner = self._not() if first == "!" else self._group(start)
            self._depth -= 1
            return inner if first == "(" else _Part(lambda subject, now: not inner.test(subject, now))
        if first in ("", "&", "|", ")"):
            what = f"before {first}" if first else "at the end"
            raise FilterError(f"something is missing {what}", self._at, hint="A ~name or a word belongs here, like ~err.")
        return self._named() if first == "~" else self._words(self._value())

    def _group(self, start: int) -> _Part:
        part = self._either()
        if self._next() != ")":
            raise FilterError("this ( is not closed", start, hint="Close it with ).")
        self._at += 1
        return part

    def _value(self) -> str:
        """A word, a quoted text or a /regular expression/; empty when none follows."""
        quote, start = self._next(), self._at
        if quote in ('"', "'"):
            end = self._text.find(quote, start + 1)
            if end < 0:
                raise FilterError("this quote is not closed", start, hint=f"Close it with {quote}.")
            self._at = end + 1
            return self._text[start + 1 : end]
        if quote == "/" and (found := re.compile(r"/(?:[^/\\]|\\.)+/(?=$|[\s()&|])").match(self._text, start)):
            self._at = found.end()
            return found[0]
        if quote in ("!", "~"):
            return ""
        found = re.compile(r"[^\s()&|]*").match(self._text, start)
        self._at = found.end() if found else start
        return self._text[start : self._at]

    def _words(self, value: str) -> _Part:
        self._wordy = True
        fits = self._fits(value, self._at - len(value))
        rough = None if _is_expression(value) else filter_sql.word(value)
        return _Part(lambda subject, now: any(text is not None and fits(text) for text in filter_words.words_of(subject)), rough)

    def _fits(self, value: str, at: int) -> Callable[[str], object]:
        if _is_expression(value):
            try:
                return re.compile(value[1:-1], re.IGNORECASE).search
            except (re.error, RecursionError, OverflowError) as error:
                raise FilterError(f"this is no regular expression ({error})", at, hint="Quote it to look for the text.") from None
        wanted = value.casefold()
        return lambda text: wanted in text.casefold()

    def _named(self) -> _Part:
        start = self._at
        found = re.compile(r"~([A-Za-z_]*)").match(self._text, start)
        name = found[1].lower() if found else ""
        self._at = start + 1 + len(name)
        if name in TEXTS:
            return self._text_test(name)
        if name in FLAGS:
            flag = FLAGS[name]
            return _Part(lambda subject, now: flag(subject), filter_sql.flag(name))
        if name in NUMBERS or name in TIMES or name == "status":
            return self._number_test(name, start)
        if name == "since":
            return self._since()
        near = difflib.get_close_matches(name, NAMES, 1, 0.5)
        hint = f"Did you mean ~{near[0]}?" if near else f"There are ~{' ~'.join(NAMES)}."
        raise FilterError(f"there is no ~{name}", start, hint=hint)

    def _text_test(self, name: str) -> _Part:
        texts = TEXTS[name]
        value = self._value()
        if not value:
            return _Part(lambda subject, now: any(texts(subject)))
        fits = self._fits(value, self._at - len(value))
        rough = filter_sql.text(name, value)
        return _Part(lambda subject, now: any(text is not None and fits(text) for text in texts(subject)), rough)

    def _number_test(self, name: str, start: int) -> _Part:
        self._next()
        found = re.compile(r"<=|>=|!=|==|=|<|>").match(self._text, self._at)
        if found is None and name != "status":
            raise FilterError(f"~{name} wants to be compared", self._at, hint=f"Like {_example(name)}.")
        compare = found[0] if found else "="
        self._at = found.end() if found else self._at
        value, at = self._value(), self._at
        family = re.fullmatch(r"([1-5])xx", value.lower()) if name == "status" and not found else None
        if family:
            return _Part(lambda subject, now: subject.status // 100 == int(family[1]))
        number = filter_words.span(value) if name in TIMES else filter_words.amount(value)
        if number is None:
            raise FilterError(f"~{name} wants a number", at - len(value), hint=f"Like {_example(name)}.")
        return _Part(_compared(name, _COMPARE[compare], number), filter_sql.number(name, compare, number))

    def _since(self) -> _Part:
        value = self._value()
        instant = filter_words.instant(value)
        if instant is None:
            raise FilterError(
                "~since wants a time", self._at - len(value), hint="Like ~since 10m, ~since 2h or ~since 2026-11-22."
            )
        self._timed = True
        ago, point = instant
        return _Part(lambda subject, now: subject.started >= (now - point if ago else point))


def _is_expression(value: str) -> bool:
    return len(value) > 2 and value[0] == value[-1] == "/"


def _compared(name: str, compare: Callable[[float, float], bool], number: float) -> Test:
    read = NUMBERS.get(name) or TIMES.get(name) or (lambda subject: subject.status or None)

    def test(subject: Subject, now: float) -> bool:
        value = read(subject)
        return value is not None and compare(value, number)

    return test


def _example(name: str) -> str:
    examples = {"cost": "~cost>0.1", "cached": "~cached<50%", "status": "~status 429 or ~status 5xx", "speed": "~speed<20"}
    return examples.get(name, f"~{name}>2s" if name in TIMES else f"~{name}>10k" if name in ("tokens", "in") else f"~{name}>1")


def _anything(subject: Subject, now: float) -> bool:
    return True
