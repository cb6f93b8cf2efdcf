"""Killed at any step, a set-up or an undo leaves the old file or the new one, and can be repeated."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.faults
@pytest.mark.skipif(os.name != "posix", reason="needs fork")
def test_killed_at_every_step() -> None:
    """Every step of every act was tried, and all the checks of `killed.py` held."""
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    program = Path(__file__).with_name("killed.py")
    done = subprocess.run([sys.executable, program], env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    steps = json.loads(done.stdout)
    assert len(steps) == 6
    assert min(steps.values()) > 10
