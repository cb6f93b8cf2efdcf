"""What a channel may change in its requests, and what it may not."""

import pytest

from axonhub_cli.types.override import BodyOverride, HeaderOverride, kept_header, steps, wrong


def test_a_path_is_split_at_its_dots() -> None:
    """A dot behind a backslash belongs to the key."""
    assert steps("a.0.b") == ("a", "0", "b")
    assert steps(r"metadata.a\.b") == ("metadata", "a.b")


GOOD = [
    BodyOverride(op="set", path="temperature", value=0.2),
    BodyOverride(op="set", path="tools.-", value={"type": "web_search"}),
    BodyOverride(op="set_if_absent", path="a.b", value=False),
    BodyOverride(op="delete", path="tools.*.strict"),
    BodyOverride(op="rename", path="messages.*.a", to="messages.*.b"),
    HeaderOverride(op="set", name="User-Agent", value="x/1"),
    HeaderOverride(op="delete", name="anthropic-beta"),
    HeaderOverride(op="rename", name="x-a", to="x-b"),
]


@pytest.mark.parametrize("item", GOOD, ids=lambda item: item.told)
def test_what_can_be_done(item: BodyOverride | HeaderOverride) -> None:
    """Nothing is wrong with it."""
    assert wrong(item) is None


BAD = [
    (BodyOverride(op="set", path="a"), "op"),
    (BodyOverride(op="delete", path="a", value=1), "value"),
    (BodyOverride(op="rename", path="a"), "op"),
    (BodyOverride(op="set", path="a", value=1, to="b"), "to"),
    (BodyOverride(op="set", path="stream", value=False), "path"),
    (BodyOverride(op="rename", path="a", to="model"), "to"),
    (BodyOverride(op="set", path="a..b", value=1), "path"),
    (BodyOverride(op="set", path="*", value=1), "path"),
    (BodyOverride(op="delete", path="a.-"), "path"),
    (BodyOverride(op="rename", path="a.0", to="b.*"), "to"),
    (BodyOverride(op="set", path="a", value=float("nan")), "value"),
    (BodyOverride(op="set", path="a", value="keyring:deepseek"), "value"),
    (HeaderOverride(op="set", name="x-a", value="env:OPENAI_API_KEY"), "value"),
    (HeaderOverride(op="set", name="x-a", value="one\ntwo"), "value"),
    (HeaderOverride(op="delete", name="x a"), "name"),
    (HeaderOverride(op="rename", name="x-a", to="Authorization"), "to"),
]  # fmt: skip


@pytest.mark.parametrize(("item", "key"), BAD, ids=lambda value: value if isinstance(value, str) else value.told)
def test_what_cannot_be_done(item: BodyOverride | HeaderOverride, key: str) -> None:
    """The key that is wrong, why, and what to do."""
    found = wrong(item)
    assert found is not None
    assert found[0] == key
    assert all(found)


KEPT = ["authorization", "X-API-Key", "x-goog-api-key", "api-key", "cookie", "Host", "content-length", "Transfer-Encoding",
        "connection", "proxy-authorization", "content-type", "x-vendor-token", "x-client-secret"]  # fmt: skip


@pytest.mark.parametrize("name", KEPT)
def test_credentials_and_the_connection_are_out_of_reach(name: str) -> None:
    """No operation may set, remove or rename such a header, nor rename another to it."""
    assert kept_header(name)
    assert wrong(HeaderOverride(op="delete", name=name)) is not None
    assert wrong(HeaderOverride(op="rename", name="x-a", to=name)) is not None
