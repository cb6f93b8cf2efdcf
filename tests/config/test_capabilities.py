"""What was learned of channels: kept, found again, and never trusted blindly."""

from pathlib import Path

import pytest

from axonhub_cli.config import capabilities, learned
from axonhub_cli.config.capabilities import Capabilities, Fact
from axonhub_cli.config.presets import endpoints
from axonhub_cli.config.schema import Channel

CHANNEL = Channel(name="c", type="openai-chat", base_url="http://127.0.0.1:1/v1")


def fact(state: str, model: str = "m", address: str = "http://127.0.0.1:1/v1") -> Capabilities:
    """One test with one fact."""
    return Capabilities(channel="c", model=model, protocol="openai-chat", address=address, facts={"tools": Fact(state)})  # type: ignore[arg-type]


def known(model: str) -> Capabilities | None:
    """What is known of the model on the channel, as it is configured now."""
    return learned.read().of(CHANNEL, model, endpoints(CHANNEL)["openai-chat"])


def test_what_is_written_is_known(home: Path) -> None:
    """By channel, model and protocol; a later test takes the place of the earlier one; the file is private."""
    capabilities.write(fact("no"))
    capabilities.write(fact("partly", "other"))
    capabilities.write(fact("yes"))
    found = known("m")
    assert found is not None
    assert found.facts == {"tools": Fact("yes")}
    assert len(capabilities.read()) == 2
    assert known("third") is None
    assert capabilities.file().stat().st_mode & 0o777 == 0o600


def test_facts_of_another_address_do_not_count() -> None:
    """The channel leads elsewhere now."""
    capabilities.write(fact("yes", address="http://127.0.0.1:2/v1"))
    assert known("m") is None


def test_facts_follow_a_renamed_channel() -> None:
    """Under the new name alone."""
    capabilities.write(fact("yes"))
    capabilities.rename("c", "d")
    assert [item.channel for item in capabilities.read()] == ["d"]


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"channel": 1}', '[{"channel": "c"}]'])
def test_a_file_that_is_not_ours_says_nothing(text: str) -> None:
    """And is replaced by the next test."""
    capabilities.file().write_text(text)
    assert capabilities.read() == []
    capabilities.write(fact("yes"))
    assert len(capabilities.read()) == 1
