"""The plan: who may serve a request, and in which order."""

from collections import Counter

import pytest

from axonhub_cli.config.schema import Channel, Config, Mapping, Profile
from axonhub_cli.errors import RequestError
from axonhub_cli.routing.health import Health, Place
from axonhub_cli.routing.plan import offered, plan, sighted
from axonhub_cli.types.problem import Problem


def channel(name: str, type: str = "openai-chat", **more: object) -> Channel:
    """A channel on loopback."""
    return Channel(name=name, type=type, base_url="http://127.0.0.1:1", **more)  # type: ignore[arg-type]


def names(config: Config, model: str, profile: str | None = None, **more: object) -> list[str]:
    """The channels of the plan's candidates, in order."""
    return [each.channel.name for each in plan(config, profile, model, "anthropic", **more).candidates]  # type: ignore[arg-type]


def test_a_channel_with_models_claims_them_and_one_without_serves_the_rest() -> None:
    """A name that somebody lists goes there only; every other name goes to the channels that list nothing."""
    config = Config(channels=(channel("open"), channel("listed", models=("m1",))))

    assert names(config, "m1") == ["listed"]
    assert names(config, "other") == ["open"]


def test_priority_orders_and_disabled_channels_are_out() -> None:
    """Lower priority numbers go first."""
    config = Config(channels=(channel("b", priority=1), channel("off", enabled=False), channel("a", priority=0)))

    assert names(config, "m") == ["a", "b"]


def test_a_profile_limits_channels_and_models() -> None:
    """What the profile does not name is left out, with a reason."""
    config = Config(channels=(channel("a"), channel("b")), profiles={"p": Profile(channels=("b",), models=("m",))})

    found = plan(config, "p", "m", "anthropic")
    assert [each.channel.name for each in found.candidates] == ["b"]
    assert dict(found.rejected) == {"a": "not among the profile's channels"}
    with pytest.raises(RequestError, match="does not allow x"):
        plan(config, "p", "x", "anthropic")


def test_a_pinned_rule_goes_to_its_channel_alone() -> None:
    """A pin wins over claims and over the profile's channel list."""
    rule = Mapping(exact="m", to="t", channel="b")
    config = Config(
        channels=(channel("a", models=("t",)), channel("b")), profiles={"p": Profile(mappings=(rule,), channels=("a",))}
    )

    assert names(config, "m", "p") == ["b"]


def test_the_clients_own_protocol_is_preferred() -> None:
    """A preset with several endpoints serves an Anthropic client through its Anthropic one."""
    config = Config(channels=(Channel(name="d", type="deepseek"),))

    assert plan(config, None, "m", "anthropic").candidates[0].endpoint.protocol == "anthropic"
    assert plan(config, None, "m", "openai-chat").candidates[0].endpoint.protocol == "openai-chat"


def test_every_secret_is_a_candidate_and_a_trace_keeps_its_own() -> None:
    """The same trace gets the same order each time; other traces spread over the secrets."""
    config = Config(channels=(channel("a", secrets=("env:ONE", "env:TWO")),))

    first = [each.secret for each in plan(config, None, "m", "anthropic", trace_id="t1").candidates]
    assert first == [each.secret for each in plan(config, None, "m", "anthropic", trace_id="t1").candidates]
    spread = {plan(config, None, "m", "anthropic", trace_id=f"t{i}").candidates[0].secret for i in range(50)}
    assert spread == {"env:ONE", "env:TWO"}


def test_what_served_the_trace_last_goes_first() -> None:
    """Affinity moves its place to the front, whatever the priorities say, and changes nothing else."""
    config = Config(channels=(channel("a"), channel("b", priority=1), channel("c", priority=2)))

    assert names(config, "m", last=("c", None)) == ["c", "a", "b"]
    assert names(config, "m", last=("gone", None)) == ["a", "b", "c"]


def test_those_that_cool_go_last_also_when_they_served_the_trace() -> None:
    """Affinity is a preference: a place that asked for rest is left alone."""
    config = Config(channels=(channel("a"), channel("b", priority=1), channel("c", priority=2)))
    health = Health()
    for name, seconds in (("a", 30.0), ("b", 10.0)):
        health.failed(Place(name, None, "m"), Problem(kind="rate_limit", message="x", retry_after=seconds), 0.0)

    assert names(config, "m", last=("a", None), health=health, now=1.0) == ["c", "b", "a"]
    assert names(config, "m", last=("a", None), health=health, now=31.0) == ["a", "b", "c"]
    assert names(config, "other", health=health, now=1.0) == ["a", "b", "c"]


def test_weights_share_one_priority() -> None:
    """Of many traces about three quarters go to the channel with three times the weight."""
    config = Config(channels=(channel("heavy", weight=3), channel("light", weight=1), channel("never", weight=0)))

    count = Counter(names(config, "m", trace_id=f"trace-{i}")[0] for i in range(2000))
    assert 0.70 < count["heavy"] / 2000 < 0.80
    assert count["never"] == 0


def test_an_unknown_model_is_told_with_the_nearest_names() -> None:
    """The error is `not_found`, names what is near, and says how to map it."""
    config = Config(channels=(channel("a", models=("deepseek-chat", "deepseek-reasoner")),))

    with pytest.raises(RequestError) as caught:
        plan(config, None, "deepseek-chatt", "anthropic")
    assert caught.value.kind == "not_found"
    assert "deepseek-chat" in str(caught.value)
    assert "axonhub profile map" in str(caught.value)


def test_without_channels_the_error_says_how_to_add_one() -> None:
    """Nothing configured is its own sentence."""
    with pytest.raises(RequestError, match="axonhub channel add"):
        plan(Config(), None, "m", "anthropic")


def test_offered_lists_exact_mappings_then_models_once() -> None:
    """What clients can ask for, without repeats; regexes offer nothing by themselves."""
    profile = Profile(mappings=(Mapping(exact="claude-x", to="m1"), Mapping(regex="y.*", to="m1")))
    config = Config(channels=(channel("a", models=("m1", "m2")), channel("b", models=("m1",))), profiles={"p": profile})

    assert offered(config, "p") == ["claude-x", "m1", "m2"]


def test_who_sees_images_behind_a_channel() -> None:
    """Another channel that comes later; not one before, nor the same with another secret."""
    blind, seeing = {"images": False}, {"images": True}
    twice = channel("b", quirks=blind, secrets=("env:X", "env:Y"), priority=1)
    config = Config(channels=(channel("a", quirks=seeing), twice, channel("c", quirks=seeing, priority=2)))
    found = plan(config, None, "m", "anthropic").candidates
    assert [sighted(found, each) for each in found] == [True, True, True, False]
    assert not sighted(found[:3], found[1])
