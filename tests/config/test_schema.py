"""What config.toml may say."""

import msgspec
import pytest

from axonhub_cli.config.schema import Channel, Config, Mapping, Profile, Server


def test_an_empty_file_is_a_complete_configuration() -> None:
    """Everything has a default, and the defaults are those that the documentation promises."""
    config = msgspec.convert({}, Config)
    assert config == Config()
    assert (config.server.host, config.server.port, config.server.max_body_mb) == ("127.0.0.1", 8090, 256)
    assert (config.trace.retention_days, config.trace.max_size_mb, config.trace.bodies) == (14, 1024, True)
    assert (config.channels, config.profiles, config.profile) == ((), {}, None)


def test_a_channel_is_found_by_name() -> None:
    """The configuration knows its channels by name."""
    one, two = Channel(name="one", type="ollama"), Channel(name="two", type="openai")
    assert Config(channels=(one, two)).channel("two") is two
    assert Config(channels=(one, two)).channel("three") is None


@pytest.mark.parametrize("type", [Config, Server, Channel, Profile, Mapping])
def test_unknown_keys_are_never_ignored(type: type[msgspec.Struct]) -> None:
    """A misspelt key is an error rather than a setting without effect."""
    given = {"name": "a", "type": "b", "to": "c"}
    known = {field.name for field in msgspec.structs.fields(type)}
    with pytest.raises(msgspec.ValidationError, match="unknown field `nonsense`"):
        msgspec.convert({**{key: value for key, value in given.items() if key in known}, "nonsense": 1}, type)


@pytest.mark.parametrize(
    "server",
    [
        {"port": 0},
        {"port": 65536},
        {"grace": -1},
        {"ping": 0},
        {"drain": float("nan")},
        {"max_body_mb": 0},
        {"grace": float("inf")},
    ],
)
def test_numbers_have_their_limits(server: dict[str, float]) -> None:
    """Values that would break the server are refused where they are read."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"server": server}, Config)
