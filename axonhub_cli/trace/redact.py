"""Secrets taken out of what is stored.

Two things are masked: the values that are known (provider secrets, local keys), in every form in which a body may carry them (as
they are, escaped for JSON, quoted for a URL, in base64), and words that look like a well-known vendor's key, because people paste
keys into prompts. What replaces them is plain ASCII that keeps JSON valid.
"""

import base64
import json
import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain, islice, repeat
from urllib.parse import quote

from ..types.deltas import shared

MASK = b"[***]"
_LONG = 4096  # bytes of a stream that is worth another look
_MANY, _MARK = 16, 8  # frames (or suspects), and bytes that tell where a frame ends
SHORTEST = 8  # characters; a shorter "secret" (`ollama`, `dummy`) is none, and masking it would tear up ordinary text

# Each family by its prefix: a literal prefix is what makes the search fast.
_SHAPES = {
    rb"sk-": rb"(?=[A-Za-z0-9_-]{0,60}?[0-9])[A-Za-z0-9_-]{20,}",  # OpenAI, Anthropic, DeepSeek, …: never without a digit
    rb"ah-": rb"[A-Za-z0-9_-]{43}",
    rb"AIza": rb"[A-Za-z0-9_-]{35}",
    rb"ghp_": rb"[A-Za-z0-9]{36}",
    rb"gho_": rb"[A-Za-z0-9]{36}",
    rb"ghs_": rb"[A-Za-z0-9]{36}",
    rb"github_pat_": rb"[A-Za-z0-9_]{50,}",
    rb"gsk_": rb"[A-Za-z0-9]{40,}",
    rb"ghu_": rb"[A-Za-z0-9]{36}",
    rb"glpat-": rb"[A-Za-z0-9_-]{20,}",
    rb"npm_": rb"[A-Za-z0-9]{36}",
    rb"xai-": rb"[A-Za-z0-9]{40,}",
    rb"hf_": rb"[A-Za-z0-9]{30,}",
    rb"csk-": rb"[A-Za-z0-9]{40,}",  # Cerebras
    rb"pplx-": rb"[A-Za-z0-9]{40,}",
    rb"nvapi-": rb"[A-Za-z0-9_-]{40,}",
    rb"sk_live_": rb"[A-Za-z0-9]{16,}",  # Stripe
    rb"AKIA": rb"[A-Z0-9]{16}(?![A-Za-z0-9])",  # AWS
    rb"xox": rb"[abeprs]-[A-Za-z0-9-]{20,}",  # Slack
    rb"eyJ": rb"[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}",  # a signed token (JWT)
    rb"-----BEGIN ": rb"(?:[A-Z]+ )*PRIVATE KEY-----(?s:.){1,10000}?-----END (?:[A-Z]+ )*PRIVATE KEY-----",
}


def _shape(prefix: bytes, rest: bytes) -> tuple[bytes, re.Pattern[bytes]]:
    """A key starts a word: nothing of a word stands before it, unless that is the letter of a JSON escape (`\\n`, `\\u003d`)."""
    before = rb"(?:(?<![A-Za-z0-9_-]%b)|(?<=\\[bfnrt]%b)|(?<=\\u[0-9a-fA-F]{4}%b))" % (prefix, prefix, prefix)
    return prefix, re.compile(re.escape(prefix) + before + rest)


_PATTERNS = tuple(_shape(prefix, rest) for prefix, rest in _SHAPES.items())
# What one of them has at the least, none of it a quote or a line's end: whether there is one at all is what the machine finds out
# fastest, above all by the letter with which it begins, and a few looks take a fraction of the time that all prefixes take.
_SUSPECTS = tuple(
    re.compile(pattern)
    for pattern in (
        rb"-(?<=[alpsx][abehikprstx]-)(?=[A-Za-z0-9_-]{20})"
        rb"(?:(?<=sk-)|(?<=ah-)|(?<=xai-)|(?<=glpat-)|(?<=pplx-)|(?<=nvapi-)|(?<=xox[abeprs]-))",
        rb"_(?<=[ahpsv][efkmopstu]_)(?=[A-Za-z0-9_]{16})"
        rb"(?:(?<=hf_)|(?<=npm_)|(?<=gh[opsu]_)|(?<=gsk_)|(?<=sk_live_)|(?<=github_pat_))",
        rb"A(?=Iza|KIA[A-Z0-9]{16})",
        rb"\.eyJ[A-Za-z0-9_-]{10,}\.",
    )
)
_LOOKS = tuple((pattern.pattern.lstrip(b"\\")[0], pattern.search) for pattern in _SUSPECTS)
_SUSPECT = b"PRIVATE KEY-----"  # a long word is found faster as it is
_edge = re.compile(rb'["\n]').search


class Redactor:
    """Takes secrets out: known values of at least `SHORTEST` characters in all their forms, what looks like a key, and what the
    user's own patterns (regular expressions of `trace.redact`) find."""

    def __init__(self, secrets: Iterable[str] = (), patterns: Iterable[str] = ()) -> None:
        self.known = _all_forms(tuple(secrets))  # the same object for the same secrets
        self.longest = max(map(len, self.known), default=0)
        self.patterns = [re.compile(pattern.encode()) for pattern in patterns]
        self._words, self._others = _looked_for(self.known)

    def finds(self, *texts: bytes) -> bool:
        """Whether there may be something to take out of one of them; a look at what has nothing is all that it costs, and one at
        many together costs little more than one at the largest."""
        rest = b"\n".join([_unframed(text) if len(text) > _LONG else text for text in texts])
        for word in self._words:
            if rest.find(word) >= 0:  # `in` makes an error first, since it may be asked for a number
                return True
        for letter, look in _LOOKS:
            if letter in rest and look(rest) is not None:
                return True
        for text in texts if self._others or self.patterns else ():
            if any(form in text for form in self._others) or any(pattern.search(text) for pattern in self.patterns):
                return True
        return False

    def clean(self, data: bytes) -> bytes:
        """The data without them."""
        return self._cleaned(data) if self.finds(data) else data

    def _cleaned(self, data: bytes) -> bytes:
        present = [form for form in self.known if data.find(form) >= 0]
        if present:
            data = re.sub(b"|".join(map(re.escape, present)), lambda _: MASK, data)
        around = _around(data)
        for prefix, pattern in _PATTERNS:
            if prefix in around:
                data = pattern.sub(MASK, data)
        for pattern in self.patterns:
            data = pattern.sub(MASK, data)
        return data

    def text(self, text: str) -> str:
        """The same for text; lone surrogates become question marks, so that it can be stored."""
        return self.clean(text.encode("utf-8", "replace")).decode("utf-8", "replace")


def _around(data: bytes) -> bytes:
    """What stands around all that may be a well-known key, so that its prefix is in it; the data where there are many."""
    found = chain.from_iterable(pattern.finditer(data) for pattern in _SUSPECTS)
    parts = [data[max(0, match.start() - 10) : match.start() + 4] for match in islice(found, _MANY)]
    if len(parts) == _MANY:
        return data
    return b"\n".join([*parts, b"-----BEGIN " if data.find(_SUSPECT) >= 0 else b""])


def _unframed(data: bytes) -> bytes:
    """A stream without what its frames repeat, which is most of it: what stands between the texts of two in its middle, from a
    quote or the end of a line to a quote. No word that is looked for goes over one of those, so each is still there."""
    starts = [len(data) // 2 - 1]
    for _ in range(3):
        starts.append(data.find(b"\ndata:", starts[-1] + 1, starts[-1] + _LONG))
        if starts[-1] < 0:
            return data
    first, second = data[starts[1] : starts[2]], data[starts[2] : starts[3]]
    before, after = shared(first, second)
    tail, head = _edge(first, len(first) - after), first[: first.rfind(b'"', 0, before) + 1]
    between = (first[tail.start() :] if tail else b"") + head
    at = max(0, between.rfind(b'"', 0, max(0, len(between) - _MARK)))
    frames = data.split(between[at:]) if len(head) > _MARK else ()
    if len(frames) < _MANY:
        return data
    return b"\n".join([between, *map(bytes.removesuffix, frames, repeat(between[:at]))])


@lru_cache(maxsize=4)
def _all_forms(secrets: tuple[str, ...]) -> tuple[bytes, ...]:
    """What to look for, the longest first. The same few secrets are asked for with every body."""
    forms = {form for secret in secrets if len(secret) >= SHORTEST for form in _forms(secret)}
    return tuple(sorted(forms, key=len, reverse=True))


@lru_cache(maxsize=4)
def _looked_for(forms: tuple[bytes, ...]) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """Words to look for, where forms that look like a key are found anyway and left out, and forms that have a quote or the end
    of a line in them."""
    words = [form for form in forms if _edge(form) is None]
    plain = tuple(word for word in words if not any(look(word) for _, look in _LOOKS))
    return (*plain, _SUSPECT), tuple(form for form in forms if form not in words)


def _forms(secret: str) -> set[bytes]:
    raw = secret.encode("utf-8", "replace")
    escaped = json.dumps(secret)[1:-1]
    return {
        raw,
        escaped.encode(),
        escaped.replace("/", "\\/").encode(),
        json.dumps(secret, ensure_ascii=False)[1:-1].encode("utf-8", "replace"),
        quote(raw, safe="").encode(),
        *(form for shift in range(3) for form in _base64(raw, shift)),
    }


def _base64(raw: bytes, shift: int) -> set[bytes]:
    """The characters that are the same wherever the secret stands `shift` bytes after a multiple of three, in both alphabets."""
    start, end = (0, 2, 3)[shift], (len(raw) + shift) * 8 // 6
    padded = b"\0" * shift + raw
    return {base64.b64encode(padded)[start:end], base64.urlsafe_b64encode(padded)[start:end]}
