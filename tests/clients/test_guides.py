"""The clients that are told by variables or by hand."""

import pytest

from axonhub_cli.clients.ask import Ask
from axonhub_cli.clients.catalog import CLIENTS
from axonhub_cli.clients.guides import GUIDES, Guide, lines, text

ASK = Ask(port=9000, token="ah-token", environ={"HTTPS_PROXY": "p"}, models=("m",))


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_each_guide_is_complete(guide: Guide) -> None:
    """It has a page that says so, something to do, our address and key where it says anything of use, and no blank to fill."""
    assert guide.source.startswith("https://")
    assert guide.variables or guide.text
    said = text(guide, ASK) + "".join(f"{line.value}" for line in lines(guide, ASK))
    assert "{" not in said
    assert guide.name == "cursor" or ("127.0.0.1:9000" in said and "ah-token" in said)
    assert all(line.why.endswith(".") for line in lines(guide, ASK))


def test_variables_come_with_no_proxy() -> None:
    """A proxy must not get requests to this machine."""
    found = {line.name: line.value for line in lines(next(item for item in GUIDES if item.name == "aider"), ASK)}
    assert found == {
        "OPENAI_API_BASE": "http://127.0.0.1:9000/v1",
        "OPENAI_API_KEY": "ah-token",
        "NO_PROXY": "127.0.0.1,localhost",
    }


def test_names_are_unique() -> None:
    """No client is in both tables."""
    names = [item.name for item in (*CLIENTS, *GUIDES)]
    assert len(set(names)) == len(names)
