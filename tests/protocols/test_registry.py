"""The registry knows every protocol that is spoken, and says so when one is not."""

import pytest

from axonhub_cli.errors import ConfigError
from axonhub_cli.protocols.registry import SPOKEN, codec


@pytest.mark.parametrize("name", SPOKEN)
def test_every_spoken_protocol_has_its_codec(name: str) -> None:
    """A codec says its own name, has a keep-alive frame and knows how a complete stream ends; it is made once."""
    found = codec(name)
    assert found.name == name
    assert found.ping.endswith(b"\n\n")
    assert found.last_words
    assert codec(name) is found


def test_an_unknown_protocol() -> None:
    """The error names what is spoken."""
    with pytest.raises(ConfigError, match="smoke-signals") as caught:
        codec("smoke-signals")
    assert "openai-chat" in (caught.value.hint or "")
