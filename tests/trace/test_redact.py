"""Secrets in stored text: known values in every form, keys by their shape, and everything else left alone."""

import base64
import json
import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.trace import redact
from axonhub_cli.trace.redact import MASK, SHORTEST, Redactor

CANARY = "sk-axonhub-canary-0123456789abcdef"
BODY = "ab" * 21 + "c"  # 43 characters

SHAPES = [
    "sk-proj-Abcdefghijklmnop1234",
    "sk-ant-api03-Abcdefghij_klmnop-1234",
    f"ah-{BODY}",
    "AIza" + "Sy0" + "b" * 32,
    "ghp_" + "a1" * 18,
    "gho_" + "a1" * 18,
    "github_pat_" + "a1" * 30,
    "gsk_" + "a1" * 25,
    "xai-" + "a1" * 25,
    "hf_" + "aB" * 17,
    "glpat-" + "a-1_" * 5,
    "npm_" + "a1" * 18,
    "csk-" + "a1" * 24,
    "nvapi-" + "a1_-" * 16,
    "sk_live_" + "a1" * 12,
    "AKIA" + "B2" * 8,
    "xoxb-" + "123-abc-" * 5,
    "eyJ" + "a1" * 10 + ".eyJ" + "b2" * 20 + "." + "c_-3" * 10,
    "-----BEGIN RSA PRIVATE KEY-----\\nabc+/=\\n-----END RSA PRIVATE KEY-----",
]


@pytest.mark.parametrize("key", SHAPES)
@pytest.mark.parametrize(
    "frame", ["{}", '{{"content":"my key: {}"}}', "a\\n{}\\nb", "key\\u003d{}", "Bearer {},", "?key={}&x=1", "'{}'"]
)
def test_what_looks_like_a_key_is_masked(key: str, frame: str) -> None:
    """A vendor's key is masked wherever a word may begin, JSON escapes included; what stands around it stays."""
    assert Redactor().clean(frame.format(key).encode()) == frame.format(MASK.decode()).encode()


@pytest.mark.parametrize(
    "text",
    [
        "task-list-of-the-2nd-quarter-and-more",
        "sk-loading-spinner-container-large",
        "sk-short1",
        "blah-" + BODY,
        "ah-short",
        "AIzaShort",
        "hf_hub_download",
        "npm_config_registry",
        "xoxo-love-letters-and-kisses-to-you",
        "AKIAIOSFODNN7EXAMPLEANDMORE",
        "eyJust.eyJ.nothing",
        "-----BEGIN PUBLIC KEY-----abc-----END PUBLIC KEY-----",
        "risk-0123456789012345678901234567890123456789",
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    """Words that only resemble a key are left alone."""
    assert Redactor().clean(text.encode()) == text.encode()


@pytest.mark.parametrize(
    "form",
    [
        lambda key: key,
        lambda key: json.dumps(key)[1:-1],
        lambda key: json.dumps(key).replace("/", "\\/")[1:-1],
        lambda key: quote(key, safe=""),
        lambda key: base64.b64encode(key.encode()).decode().rstrip("=")[:-1],
        lambda key: base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")[:-1],
        lambda key: base64.b64encode(b"user:" + key.encode()).decode().rstrip("=")[7:-1],
    ],
    ids=["plain", "json", "json, escaped slash", "url", "base64", "base64, url", "base64, basic auth"],
)
def test_known_values_are_masked_in_every_form(form) -> None:  # type: ignore[no-untyped-def]
    """A known secret does not survive in any form in which a body may carry it."""
    key = 'pa/ss "wörd" + more'
    text = f"<{form(key)}>"
    assert form(key) not in Redactor([key]).text(text)


def test_short_secrets_are_no_secrets() -> None:
    """A value like `ollama` is left alone: masking it would tear up ordinary text."""
    assert Redactor(["ollama", ""]).clean(b"ollama run llama") == b"ollama run llama"


def test_the_longer_secret_goes_first() -> None:
    """A secret that begins like another one is masked as a whole."""
    assert Redactor(["abcdefgh", "abcdefgh-tail"]).clean(b"x abcdefgh-tail y") == b"x " + MASK + b" y"


def test_masked_json_is_still_json() -> None:
    """A body with masked keys can still be parsed."""
    body = json.dumps({"a": CANARY, "b": ["x " + CANARY]}).encode()
    assert json.loads(Redactor([CANARY]).clean(body)) == {"a": MASK.decode(), "b": ["x " + MASK.decode()]}


def test_patterns_of_the_user() -> None:
    """What a pattern of the configuration finds is masked too."""
    masked = Redactor(patterns=[r"ACME-\d+", "(?i)kundennummer \\w+"]).text("see ACME-1234, Kundennummer x9")
    assert masked == f"see {MASK.decode()}, {MASK.decode()}"


def test_lone_surrogates() -> None:
    """Text that cannot be encoded is stored all the same."""
    assert Redactor().text("a\udc80b") == "a?b"


@given(
    st.text(),
    st.lists(
        st.text(st.characters(exclude_characters="*[]?", exclude_categories=["Cs"]), min_size=SHORTEST, max_size=40), max_size=4
    ),
    st.text(),
)
def test_no_secret_survives(before: str, secrets: list[str], after: str) -> None:
    """Whatever the secrets and the text around them: none of them is left."""
    data = before.encode("utf-8", "replace") + b" ".join(secret.encode() for secret in secrets) + after.encode("utf-8", "replace")
    masked = Redactor(secrets).clean(data)
    assert not any(secret.encode() in masked for secret in secrets)


@given(st.binary(), st.lists(st.text(), max_size=3))
def test_any_bytes_are_taken(data: bytes, secrets: list[str]) -> None:
    """Bytes that are no text are no problem, and masking twice changes nothing more."""
    once = Redactor(secrets).clean(data)
    assert Redactor(secrets).clean(once) == once


def _stream(protocol: str, texts: list[str]) -> bytes:
    """Texts as the frames of a stream, as a vendor writes them."""
    frames = {
        "anthropic": 'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":%s}}\n\n',
        "openai-chat": 'data: {"id":"chatcmpl-B9MBs8CjcvOU2jLn4n5","choices":[{"delta":{"content":%s},"finish":null}]}\n\n',
        "plain": "%s\n\n",
    }
    return "".join(frames[protocol] % json.dumps(text) for text in texts).encode()


@given(
    st.sampled_from(["anthropic", "openai-chat", "plain"]),
    st.lists(st.sampled_from(["s", "sk-", " the", "-", "_", '"', "\n\n", "k"]), min_size=60, max_size=120),
    st.sampled_from([*SHAPES, CANARY, ""]),
    st.integers(0, 120),
)
def test_a_key_in_a_long_stream_is_found(protocol: str, texts: list[str], key: str, place: int) -> None:
    """What its frames repeat is looked at once; a key in any of them is found, alone or at the end of other words."""
    texts.insert(min(place, len(texts)), f"say {key}" if key else "nothing")
    stream = _stream(protocol, texts) * (1 + 5000 // len(_stream(protocol, texts)))
    assert Redactor([CANARY]).finds(stream) is bool(key)
    assert (MASK in Redactor([CANARY]).clean(stream)) is bool(key)


KNOWN = ["words-that-nobody-knows", 'quo"ted-"secret"', "a line\nand one more", "data: 1234", "chatcmpl-B9MBs8CjcvOU2jLn4n5"]
FRAMES = [
    b'event: content_block_delta\ndata: {"type":"content_block_delta","delta":{"text":"%b"}}\n\n',
    b'data: {"id":"chatcmpl-B9MBs8CjcvOU2jLn4n5","choices":[{"delta":{"content":"%b"},"finish":null}]}\n\n',
    b'data: {"candidates": [{"content": {"parts": [{"text": "%b"}]}}],"responseId": "sk-%b"}\r\n\r\n',
    b'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"%b","item_id":"msg_1","n":7%b}\n\n',
    b"data: %b\n\ndata: plain %b\n\n",
]


def thorough(redactor: Redactor, data: bytes) -> bytes:
    """The data without secrets, by looking for each of them, one after the other."""
    if redactor.known:
        data = re.sub(b"|".join(map(re.escape, redactor.known)), lambda _: MASK, data)
    for _, pattern in redact._PATTERNS:
        data = pattern.sub(MASK, data)
    return data


@given(
    st.lists(st.sampled_from([*SHAPES, *SHAPES, "a", "-", "_", ".", " ", '"', "[***]", "A", "AK", "sk", CANARY[:9]]), max_size=40)
)
def test_all_kinds_together(parts: list[str]) -> None:
    """However many keys there are, and however they run into one another, each kind is looked for where it may be."""
    redactor, data = Redactor([CANARY]), "".join(parts).encode()
    assert redactor.clean(data) == thorough(redactor, data)


@given(
    st.sampled_from(FRAMES),
    st.lists(
        st.sampled_from([b"", b" the", b"sk", b"-", b'\\"', b"a1" * 8, b"1", KNOWN[0][:9].encode()]), min_size=1, max_size=9
    ),
    st.sampled_from([*SHAPES, *KNOWN, base64.b64encode(KNOWN[0].encode())[:-4].decode(), json.dumps(KNOWN[1])[1:-1], ""]),
    st.integers(0, 200),
    st.sampled_from(["frame", "each frame", "bytes"]),
    st.data(),
)
def test_what_frames_repeat_hides_nothing(
    frame: bytes, texts: list[bytes], key: str, place: int, where: str, data: st.DataObject
) -> None:
    """Whatever the masks would take out of a stream is found in it before: within a text, over the edges of frames, and in what
    all of them begin or end with."""
    secret = key.encode()
    frames = [frame.replace(b"%b", texts[number % len(texts)]) for number in range(max(60, 5000 // len(frame)))]
    if where == "each frame":
        at = data.draw(st.integers(0, len(frame)))
        frames = [one[:at] + secret + one[at:] for one in frames]
    elif where == "frame":
        frames[place % len(frames)] = frame.replace(b"%b", secret)
    stream = b"".join(frames)
    if where == "bytes":
        at = data.draw(st.integers(0, len(stream)))
        stream = stream[:at] + secret + stream[at + data.draw(st.integers(0, 30)) :]
    redactor = Redactor(KNOWN[: data.draw(st.integers(0, len(KNOWN)))])
    assert redactor.clean(stream) == thorough(redactor, stream)
    assert redactor.finds(b"before", stream, b"after") is redactor.finds(stream)


@given(st.sampled_from(FRAMES), st.integers(10, 50), st.data())
def test_any_part_of_a_stream_may_be_a_secret(frame: bytes, place: int, data: st.DataObject) -> None:
    """A secret that is any piece of a stream, also half of what frames repeat around a place where one differs, is found."""
    frames = [frame.replace(b"%b", b" the") for _ in range(max(60, 5000 // len(frame)))]
    at = data.draw(st.integers(0, len(frames[0])))
    odd = frames[place]
    frames[place] = odd[:at] + b"X" + odd[at + data.draw(st.integers(0, 1)) :]
    start = at + len(odd) * place - data.draw(st.integers(0, 12))
    stream = b"".join(frames)
    assert Redactor([stream[start : start + data.draw(st.integers(SHORTEST, 14))].decode()]).finds(stream)


def test_several_texts_are_searched_at_once() -> None:
    """What one of several has is found; what would come together only where they meet is in none."""
    redactor = Redactor(["words-that-nobody-knows"], ["ACME-[0-9]+$"])
    assert redactor.finds(b"a", b"words-that-nobody-knows", b"b")
    assert redactor.finds(b"see ACME-12", b"b")
    assert not redactor.finds(b"words-that-", b"nobody-knows", b"ACME-", b"12")
