"""Every mistake in a configuration: which line, what was found, what to do."""

import pytest

from axonhub_cli.config.check import nearest
from axonhub_cli.config.store import parse
from axonhub_cli.errors import ConfigError

RAW = "sk-ant-api03-abcdefghijklmnopqrstuvwx"
CHANNEL = '[[channels]]\nname = "a"\ntype = "openai-chat"\n'

# text, the whole message (line first; @ is the first channel, % the first mapping), a part of the hint
CASES = [
    # keys and types
    ("srv = 1", "1: unknown key 'srv'.", "Did you mean 'server'?"),
    ("\n[server]\nprt = 1", "3: [server]: unknown key 'prt'.", "Did you mean 'port'?"),
    ("[server]\nqqq = 1", "2: [server]: unknown key 'qqq'.", "Keys: host, port"),
    (
        CHANNEL + '\n[[channels]]\nname = "deepseek"\ntype = "deepseek"\nmodles = []',
        "8: [[channels]] #2 \"deepseek\": unknown key 'modles'.",
        "Did you mean 'models'?",
    ),
    (CHANNEL + f'api_key = "{RAW}"', "4: @: unknown key 'api_key'.", "axonhub channel secret"),
    (
        '[[channels]]\nname = "a"\ntype = "azure"',
        "3: @: a channel of type 'azure' needs an address of its own.",
        "https://RESOURCE.openai.azure.com",
    ),
    (
        CHANNEL + '[[channels.body_overrides]]\nop = "set"\npth = "a"',
        "6: @: unknown key 'pth'.",
        "Did you mean 'path'?",
    ),
    (
        CHANNEL + '[[channels.header_overrides]]\nop = "delete"\nname = "Host"',
        "6: @: the header 'Host' cannot be touched.",
        "`secrets`",
    ),
    (CHANNEL + "[channels.timeouts]\nidel = 1", "5: @: unknown key 'idel'.", "Did you mean 'idle'?"),
    ("[profiles.p]\nmapings = []", "2: [profiles.p]: unknown key 'mapings'.", "Did you mean 'mappings'?"),
    (
        '[profiles.ok]\n[profiles.p]\n[[profiles.p.mappings]]\nto = "m"\nexakt = "n"',
        "5: %: unknown key 'exakt'.",
        "Did you mean 'exact'?",
    ),
    ('[[channels]]\nname = "a"', "1: @: the key 'type' is missing.", "Add: type = …"),
    ('[[channels]]\ntype = "ollama"', "1: [[channels]] #1: the key 'name' is missing.", "Add: name = …"),
    ('[[profiles.p.mappings]]\nexact = "m"', "1: %: the key 'to' is missing.", "Add: to"),
    ('[server]\nport = "80"', "2: [server]: 'port' is a string; expected an integer.", None),
    ("[server]\nport = true", "2: [server]: 'port' is true or false; expected an integer.", None),
    ("[server]\nport = 99999", "2: [server]: 'port' is 99999; expected at most 65535.", None),
    ("[server]\nport = 0", "2: [server]: 'port' is 0; expected at least 1.", None),
    ("[server]\ngrace = nan", "2: [server]: 'grace' is nan; expected at least 0.", None),
    ("[server]\nhost = 1979-05-27", "2: [server]: 'host' is a date; expected a string.", None),
    ("profile = 1", "1: 'profile' is an integer; expected a string.", None),
    ("channels = 3", "1: 'channels' is an integer; expected a list.", "[[channels]]"),
    ("[channels]\nx = 1", "1: 'channels' is a table; expected a list.", "[[channels]]"),
    ("profiles = []", "1: 'profiles' is a list; expected a table.", "[profiles.NAME]"),
    ("[profiles]\np = 1", "2: [profiles.p]: 'p' is an integer; expected a table.", None),
    ("server = 1", "1: 'server' is an integer; expected a table.", None),
    (CHANNEL + "models = [\n  'm',\n  2,\n]", "6: @: item 2 of 'models' is an integer; expected a string.", None),
    (CHANNEL + "weight = 0", "4: @: 'weight' is 0; expected at least 1.", None),
    (CHANNEL + "timeouts = {idle = 0}", "4: @: 'idle' is 0; expected more than 0.", None),
    (CHANNEL + "headers = {x-a = 'y', x-b = 2}", "4: @: 'x-b' is an integer; expected a string.", None),
    (CHANNEL + "headers = {'x a' = 'y'}", "4: @: 'x a' cannot be the name of a header.", None),
    (CHANNEL + 'headers = {x = "a\\nb"}', "4: @: the header 'x' has characters that cannot be sent.", "ASCII"),
    (CHANNEL + "base_urls = {anthropik = 'x'}", "4: @: 'anthropik' is no protocol.", "'anthropic'"),
    (CHANNEL + "base_urls = {anthropic = 1}", "4: @: 'anthropic' is an integer; expected a string.", None),
    # names
    ('[[channels]]\nname = "a b"\ntype = "ollama"', "2: [[channels]] #1 \"a b\": 'a b' cannot be the name of a channel.", "64"),
    ("[profiles.'a b']", "1: [profiles.a b]: 'a b' cannot be the name of a profile.", "letters"),
    (CHANNEL + CHANNEL, "5: [[channels]] #2 \"a\": channel 1 has the name 'a' already.", "name of its own"),
    ('[[channels]]\nname = "a"\ntype = "deepsek"', "3: @: unknown type 'deepsek'.", "'deepseek'"),
    ('[[channels]]\nname = "a"\ntype = "smoke"', "3: @: unknown type 'smoke'.", "Types: anthropic"),
    ('profile = "wrk"\n[profiles.work]', "1: the active profile 'wrk' does not exist.", "Did you mean 'work'?"),
    ('profile = "work"', "1: the active profile 'work' does not exist.", "Profiles: none."),
    (CHANNEL + '[profiles.p]\nchannels = ["a", "bb"]', "5: [profiles.p]: there is no channel 'bb'.", "Channels: a."),
    (
        '[[channels]]\nname = "ollama"\ntype = "ollama"\n[[profiles.p.mappings]]\nexact = "m"\nto = "n"\nchannel = "olama"',
        "7: %: there is no channel 'olama'.",
        "Did you mean 'ollama'?",
    ),
    # mappings
    (
        "[trace]\nredact = ['a(']",
        "2: [trace]: the regex 'a(' does not compile: missing ), unterminated subpattern at position 1.",
        "quotes",
    ),
    ('[prices."a.b"]\ninput = "x"\noutput = 1', "2: [prices.a.b]: 'input' is a string; expected a number.", None),
    ('[prices."a.b"]\ninput = 1\noutput = 1\ncache = 1', "4: [prices.a.b]: unknown key 'cache'.", "cache_read"),
    ('[prices.a]\ninput = 1', "1: [prices.a]: the key 'output' is missing.", "output"),
    ('[[profiles.p.mappings]]\nto = "m"', "1: %: the mapping has neither 'exact' nor 'regex'.", "one"),
    (
        '[[profiles.p.mappings]]\nto = "m"\nexact = "a"\nregex = "b"',
        "1: %: the mapping has both 'exact' and 'regex'.",
        "one of the two",
    ),
    (
        "[[profiles.p.mappings]]\nto = 'm'\nregex = 'a('",
        "3: %: the regex 'a(' does not compile: missing ), unterminated subpattern at position 1.",
        "single quotes",
    ),
    ("[[profiles.p.mappings]]\nto = ''\nexact = 'a'", "2: %: 'to' is empty.", "Name the model"),
    # addresses
    (CHANNEL + "base_url = 'ftp://h'", "4: @: 'ftp://h' is no web address.", "https://host/path"),
    (CHANNEL + "base_url = 'localhost:80'", "4: @: 'localhost:80' is no web address.", "https://"),
    (CHANNEL + "base_url = 'http://h:99999'", "4: @: the address cannot be read as a URL.", "https://"),
    (
        CHANNEL + "base_url = 'http://example.com/v1'",
        '4: @: http://example.com would send your secret and your code unencrypted over the internet.',
        "Use https://example.com",
    ),
    (
        CHANNEL + f"base_urls = {{anthropic = 'https://me:{RAW}@h'}}",
        '4: @: the address contains a user name or password.',
        "secrets",
    ),
    (CHANNEL + "proxy = 'socks://h'", "4: @: 'proxy' is no proxy address.", "http://HOST:PORT"),
    # secrets
    (
        CHANNEL + f'secrets = [\n  "env:A_KEY",\n  "{RAW}",\n]',
        '6: @: what stands here looks like the secret itself.',
        "axonhub channel secret a",
    ),
    (CHANNEL + "secrets = ['my key']", '4: @: what stands here is no reference to a secret.', "keyring:NAME"),
    (CHANNEL + f"secrets = ['keyring:{RAW}']", '4: @: after keyring: stands what looks like the secret itself.', "a name"),
    (CHANNEL + "secrets = ['env:A-B']", '4: @: the name after env: is empty or unfit.', "underscores"),
    # quirks
    (CHANNEL + "[channels.quirks]\nimagse = true", "5: @: unknown quirk 'imagse'.", "'images'"),
    (CHANNEL + "quirks = {images = 'no'}", "4: @: 'images' is a string; expected true or false.", None),
    (CHANNEL + "quirks = {efforts = ['a', 1]}", "4: @: 'efforts' is an integer; expected a string.", None),
    (
        CHANNEL + "quirks = {max_tokens_field = 'n'}",
        "4: @: 'max_tokens_field' is 'n'; expected 'max_tokens' or 'max_completion_tokens'.",
        None,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message", "hint"), CASES, ids=[case[1][:70] for case in CASES])
def test_each_mistake_is_located_and_has_a_remedy(text: str, message: str, hint: str | None) -> None:
    """The message says file, line, place and what was found; the hint what to do; neither ever quotes a secret."""
    with pytest.raises(ConfigError) as caught:
        parse(text, "c.toml")
    message = message.replace("@:", '[[channels]] #1 "a":').replace("%:", "[[profiles.p.mappings]] #1:")
    assert caught.value.message == f"c.toml:{message}"
    assert (hint or "") in (caught.value.hint or "")
    assert RAW not in str(caught.value)
    assert caught.value.__cause__ is None or RAW not in str(caught.value.__cause__)


def test_an_error_in_one_profile_names_that_one() -> None:
    """msgspec does not say which key of a dictionary failed; we do."""
    text = "[profiles.good]\n[profiles.bad]\nchannels = 1\n[profiles.also]\n"
    with pytest.raises(ConfigError, match=r"c\.toml:3: \[profiles\.bad\]: 'channels' is an integer"):
        parse(text, "c.toml")


@pytest.mark.parametrize(
    ("name", "known", "words"),
    [
        ("modles", ["models", "name"], "Did you mean 'models'?"),
        ("zzz", ["models", "name"], "Keys: models, name."),
        ("zzz", [], "Keys: none."),
    ],
)
def test_the_nearest_name_or_all_of_them(name: str, known: list[str], words: str) -> None:
    """A name that is nearly right is named; otherwise the choice is shown."""
    assert nearest(name, known, "Keys") == words
