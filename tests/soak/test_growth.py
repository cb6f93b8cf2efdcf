"""The growth report's own parts."""

from xml.etree import ElementTree

from tests.soak.chart import Panel, svg
from tests.soak.growth import quantile, tables

PANELS = [
    Panel("CPU & more", "events", "µs", {"verbatim": [(20, 100.0), (2000, 4.0)], "convert": [(20, 300.0)]}, log=True),
    Panel("Memory", "streams", "MB", {"open": [(0, 40.0), (500, 60.0)]}),
]


def test_charts_are_svg() -> None:
    """Every point has its mark and its value."""
    root = ElementTree.fromstring(svg(PANELS))  # our own
    marks = [each for each in root.iter() if each.tag.endswith("circle")]
    assert len(marks) == 5


def test_tables_hold_the_same_figures() -> None:
    """One row for each line, gaps where there is no figure."""
    assert "| convert | 300 |  |" in tables(PANELS)
    assert "| open | 40 | 60 |" in tables(PANELS)


def test_a_quantile() -> None:
    """Of nothing it is 0."""
    assert quantile([], 0.5) == 0
    assert quantile([3, 1, 2], 0.99) == 3
