"""The reference of config.toml says all, and nothing else."""

from pathlib import Path

from axonhub_cli.config import reference

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- config reference -->\n", "<!-- end -->\n"


def test_every_key_has_its_sentence_and_no_sentence_is_left_over() -> None:
    """A new key in the schema needs a line in `config/reference.py`."""
    assert {key.path for key in reference.all_keys()} == set(reference.MEANING)


def test_types_and_defaults_are_those_of_the_schema() -> None:
    """In the words and the form of TOML."""
    found = {key.path: (key.kind, key.default) for key in reference.all_keys()}
    assert found["server.port"] == ("number", "8090")
    assert found["server.grace"] == ("number", "20")
    assert found["trace.bodies"] == ("true / false", "true")
    assert found["trace.extra_trace_headers"] == ("list of strings", '["Conversation_id"]')
    assert found["channels[].name"] == ("string", "")
    assert found["channels[].base_urls"] == ("table", "")
    assert found["limits.trace.cost"] == ("number", "")
    assert found["profiles.NAME.channels"] == ("list of strings", "")


def test_the_readme_has_it_as_it_is() -> None:
    """Between its marks; to bring it up to date: axonhub config reference."""
    text = README.read_text()
    assert BEGIN not in text or text.partition(BEGIN)[2].partition(END)[0] == reference.markdown()
