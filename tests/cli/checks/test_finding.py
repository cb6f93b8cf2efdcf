"""How checks are run: side by side, bounded, and none can hide another."""

import threading

from axonhub_cli.cli.checks import finding
from axonhub_cli.cli.checks.finding import Finding, ok
from axonhub_cli.errors import ConfigError


def test_findings_come_in_the_order_of_the_checks() -> None:
    """Whichever check is done first."""
    first = threading.Event()

    def slow() -> list[Finding]:
        first.wait(5)
        return [ok("config", "a", ""), ok("config", "b", "")]

    def quick() -> list[Finding]:
        first.set()
        return [ok("config", "c", "")]

    found = finding.run([("config", "slow", slow), ("config", "quick", quick)])
    assert [item.name for item in found] == ["a", "b", "c"]


def test_a_check_that_hangs_is_left_behind() -> None:
    """The bound counts for all checks together; what is not done by then says so, and the rest stands."""
    never = threading.Event()
    checks = [
        ("server", "hangs", lambda: [ok("server", "x", "")] if never.wait() else []),
        ("server", "ok", lambda: [ok("server", "ok", "")]),
    ]
    found = finding.run(checks, seconds=0.2)
    never.set()
    assert [(item.name, item.status) for item in found] == [("hangs", "warn"), ("ok", "ok")]


def test_errors_become_findings() -> None:
    """An error of ours is a failure with its own remedy; any other names the check, and nothing is lost."""

    def ours() -> list[Finding]:
        raise ConfigError("It is broken.", hint="Mend it.")

    def other() -> list[Finding]:
        raise ZeroDivisionError

    found = finding.run([("config", "ours", ours), ("config", "other", other)])
    assert [(item.status, item.text, item.remedy) for item in found[:1]] == [("fail", "It is broken.", "Mend it.")]
    assert (found[1].name, found[1].status) == ("other", "warn")
    assert "ZeroDivisionError" in found[1].text
