"""The lateness of the loop is measured in the loop."""

import asyncio
import time

import pytest

from axonhub_cli.server import lag


async def test_a_loop_that_was_held_up_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """What holds the loop up is in the figures; before the first look there are none."""
    monkeypatch.setattr(lag, "EVERY", 0.001)
    watch = lag.Lag()
    assert watch.state() == {}
    task = asyncio.ensure_future(watch.watch(lambda: True))
    await asyncio.sleep(0)
    time.sleep(0.03)
    while not watch.state():
        await asyncio.sleep(0.002)
    task.cancel()
    state = watch.state()
    assert state["max"] >= 25
    assert state["p50"] <= state["p99"] <= state["max"]


async def test_an_idle_server_hardly_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without requests the next look is far away; with them it is near."""
    monkeypatch.setattr(lag, "EVERY", 0.001)
    watch, busy = lag.Lag(), False
    task = asyncio.ensure_future(watch.watch(lambda: busy))
    await asyncio.sleep(0.05)
    assert watch.state() == {}
    task.cancel()
