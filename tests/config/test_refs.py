"""References to secrets, and what only looks like one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.config.refs import looks_like_key, parse_ref
from axonhub_cli.errors import SecretError


@pytest.mark.parametrize(
    ("text", "scheme", "name"),
    [
        ("keyring:deepseek", "keyring", "deepseek"),
        ("keyring:team/deep.seek_1-b", "keyring", "team/deep.seek_1-b"),
        ("env:DEEPSEEK_API_KEY", "env", "DEEPSEEK_API_KEY"),
        ("env:_x", "env", "_x"),
        ("file:/run/secrets/a key", "file", "/run/secrets/a key"),
        ("file:C:\\keys\\a", "file", "C:\\keys\\a"),
        ("file:~/.key", "file", "~/.key"),
    ],
)
def test_a_reference_is_a_scheme_and_a_name(text: str, scheme: str, name: str) -> None:
    """Each form is taken apart and put together again."""
    ref = parse_ref(text)
    assert (ref.scheme, ref.name, str(ref)) == (scheme, name, text)


KEYS = [
    "sk-ant-api03-AbCdEfGhIjKlMnOpQrSt",
    "sk-proj-abcdefghijklmnop_qrst",
    "sk-0123456789abcdef0123456789abcdef",
    "gsk_abcdefghijklmnop",
    "xai-abcdefghijklmnop",
    "AIzaSyA-abcdefghijklmnop",
    "0123456789abcdef0123456789abcdef.AbCdEf",
    "Bearer sk-abcdefghijklmnop",
]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("form", ["{}", "keyring:{}", "env:{}"])
def test_a_key_in_place_of_its_name_is_refused_without_repeating_it(key: str, form: str) -> None:
    """Whoever pastes the secret itself is told where it belongs; the error does not spread it."""
    with pytest.raises(SecretError) as caught:
        parse_ref(form.format(key))
    assert "axonhub channel secret" in str(caught.value.hint) or "may have" in str(caught.value.hint)
    assert key not in str(caught.value)
    assert key[-8:] not in repr(caught.value)


@pytest.mark.parametrize("text", ["", "deepseek", "KEYRING:a", "vault:a", "keyring:", "env:", "file:",
                                  "env:A-B", "env:1A", "keyring:a b", "keyring:-a",
                                  "file:a\nb", "keyring:" + "a." * 60])  # fmt: skip
def test_what_is_no_reference_is_refused(text: str) -> None:
    """Unknown schemes and unfit names are sentences with the right form in the hint."""
    with pytest.raises(SecretError) as caught:
        parse_ref(text)
    assert caught.value.hint


@given(st.text(max_size=80).filter(lambda text: not text.startswith(("keyring:", "env:", "file:"))))
def test_no_text_is_repeated_in_the_error(text: str) -> None:
    """Whatever stands in place of a reference might be a secret."""
    with pytest.raises(SecretError) as caught:
        parse_ref(text)
    assert caught.value.message in (
        "what stands here looks like the secret itself.",
        "what stands here is no reference to a secret.",
    )
    assert caught.value.hint == (
        "Expected keyring:NAME, env:NAME or file:PATH. Store the secret itself with: axonhub channel secret NAME"
    )


@pytest.mark.parametrize(
    "name", ["deepseek", "anthropic-work", "my.key_2", "ANTHROPIC_API_KEY", "team/openai", "key-of-the-team", ""]
)
def test_ordinary_names_do_not_look_like_keys(name: str) -> None:
    """Names that people give are not taken for secrets."""
    assert not looks_like_key(name)
