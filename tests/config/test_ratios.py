"""The learned ratios: high rather than low, bounded, not moved by a few odd figures, and there again after a restart."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.config.ratios import ENOUGH, KEPT, LEAST, MOST, Ratio, Ratios, quantile, read, rename


def learned(*ratios: float) -> Ratios:
    made = Ratios()
    for ratio in ratios:
        made.learn("c", "m", 10_000, round(10_000 * ratio))
    return made


def test_nothing_is_believed_at_first() -> None:
    """Fewer than three answers change no number."""
    assert Ratios().factor("c", "m") == 1
    assert learned(*(1.5,) * (ENOUGH - 1)).factor("c", "m") == 1
    assert learned(*(1.5,) * ENOUGH).factor("c", "m") == pytest.approx(1.545)


def test_it_belongs_to_one_model_of_one_channel() -> None:
    """What one is like says nothing of others."""
    known = learned(1.5, 1.5, 1.5)
    assert known.factor("c", "other") == known.factor("d", "m") == 1
    assert [fact["model"] for fact in known.of("c")] == ["m"]
    assert known.of("d") == []


def test_it_leans_to_the_high_side() -> None:
    """Three numbers in four were no higher, and a little is added."""
    assert learned(1.0, 1.1, 1.2, 1.3).factor("c", "m") == pytest.approx(1.2 * 1.03)


@pytest.mark.parametrize(("real", "factor"), [(0.3, LEAST), (9.0, MOST)])
def test_it_is_bounded(real: float, factor: float) -> None:
    """An upstream that counts only what was new, or everything several times, does not lead us astray."""
    assert learned(*(real,) * 5).factor("c", "m") == factor


def test_what_is_no_measurement_is_no_sample() -> None:
    """Nothing to divide by, or ten times too much."""
    known = learned(50.0, 0.01)
    known.learn("c", "m", 0, 100)
    assert known.samples("c", "m") == 0
    assert known.of("c") == []


def test_odd_figures_do_not_move_it() -> None:
    """One in five may be wild."""
    assert learned(1.2, 1.2, 8.0, 1.2, 1.2).factor("c", "m") == pytest.approx(1.2 * 1.03)


def test_old_answers_are_forgotten() -> None:
    """A model that counts otherwise from some day on is followed."""
    known = learned(*(2.0,) * 100, *(1.0,) * KEPT)
    assert known.factor("c", "m") == pytest.approx(1.03)
    assert known.samples("c", "m") == 100 + KEPT


def test_the_error_is_what_was_told_before_the_answer() -> None:
    """The first numbers were a third too low; with the ratio they are three per cent too high."""
    fact = learned(*(1.5,) * 10).of("c")[0]
    assert (fact["samples"], fact["error_p50"], fact["error_p90"], fact["error_low"]) == (10, 0.03, 0.333, -0.333)


def test_they_survive_a_restart(tmp_path: Path) -> None:
    """Written 0600, read again the same."""
    known = learned(1.4, 1.5, 1.6)
    known.save(tmp_path / "data" / "ratios.json")
    assert stat.S_IMODE((tmp_path / "data" / "ratios.json").stat().st_mode) == 0o600
    assert read(tmp_path / "data" / "ratios.json").of("c") == known.of("c")


def test_they_follow_a_channel_to_its_new_name(tmp_path: Path) -> None:
    """In the file; a channel of which nothing is known changes nothing, not even the folder."""
    path = tmp_path / "data" / "ratios.json"
    rename(path, "c", "d")
    assert not path.parent.exists()
    learned(1.5, 1.5, 1.5).save(path)
    rename(path, "c", "d")
    known = read(path)
    assert known.of("c") == []
    assert known.factor("d", "m") == pytest.approx(1.545)


@pytest.mark.parametrize("text", ["", "{", "[1]", '[{"channel": 1}]', '[{"channel": "c", "model": "m", "ratios": "x"}]'])
def test_a_broken_file_says_nothing(tmp_path: Path, text: str) -> None:
    """Estimates go on as if nothing had been learned."""
    path = tmp_path / "ratios.json"
    path.write_text(text)
    assert read(path).of("c") == read(tmp_path / "none.json").of("c") == []


def test_there_is_an_end_to_them() -> None:
    """Of a thousand models those that answered last are known."""
    known = Ratios()
    for number in range(1000):
        known.learn("c", f"m{number}", 1000, 1000)
    assert known.samples("c", "m999") == 1
    assert known.samples("c", "m0") == 0


@given(st.lists(st.floats(0.1, 10.0), min_size=ENOUGH, max_size=50))
def test_any_samples_give_a_factor_within_bounds(ratios: list[float]) -> None:
    """Whatever upstreams claim."""
    made = Ratio(channel="c", model="m")
    for ratio in ratios:
        made.add(1000, max(1, int(1000 * ratio)))
    assert LEAST <= made.factor() <= MOST
    assert min(made.ratios) <= quantile(made.ratios, 0.5) <= max(made.ratios)
