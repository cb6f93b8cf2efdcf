"""Small line charts as SVG, without a library: one panel for each question, log or linear axes, points with their values."""

from dataclasses import dataclass, field
from html import escape
from math import log10

WIDTH, HEIGHT, LEFT, TOP = 360, 220, 52, 34
_COLOURS = ("#2563eb", "#d97706", "#059669")


@dataclass(frozen=True)
class Panel:
    """One chart: named lines of (x, y)."""

    title: str
    x: str
    y: str
    lines: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    log: bool = False  # both axes


def svg(panels: list[Panel], columns: int = 2) -> str:
    """All of them on one page."""
    rows = -(-len(panels) // columns)
    size = f'width="{WIDTH * columns}" height="{HEIGHT * rows}"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="10">']
    parts.append('<rect width="100%" height="100%" fill="white"/>')
    for number, panel in enumerate(panels):
        at = (number % columns * WIDTH, number // columns * HEIGHT)
        parts.append(f'<g transform="translate({at[0]},{at[1]})">{_panel(panel)}</g>')
    return "\n".join([*parts, "</svg>\n"])


def _panel(panel: Panel) -> str:
    points = [point for line in panel.lines.values() for point in line]
    inner_w, inner_h = WIDTH - LEFT - 16, HEIGHT - TOP - 40
    place = _scale([x for x, _ in points], inner_w, panel.log), _scale([y for _, y in points], inner_h, panel.log, zero=True)
    out = [f'<text x="{LEFT}" y="16" font-weight="bold" font-size="11">{escape(panel.title)}</text>']
    out.append(f'<path d="M{LEFT} {TOP}V{TOP + inner_h}H{LEFT + inner_w}" fill="none" stroke="#888"/>')
    out.append(f'<text x="{LEFT + inner_w / 2}" y="{HEIGHT - 8}" text-anchor="middle">{escape(panel.x)}</text>')
    out.append(f'<text x="4" y="{TOP - 6}">{escape(panel.y)}</text>')
    for x in sorted({x for x, _ in points}):
        out.append(f'<text x="{LEFT + place[0](x):.1f}" y="{TOP + inner_h + 13}" text-anchor="middle">{_short(x)}</text>')
    after = LEFT + 4.0  # where the next line's name goes, above the panel: its points are on the right
    for number, (name, line) in enumerate(panel.lines.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        spots = [(LEFT + place[0](x), TOP + inner_h - place[1](y), y) for x, y in line]
        out.append(f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y, _ in spots)}" fill="none" stroke="{colour}"/>')
        for x, y, value in spots:
            out.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"/>')
            out.append(f'<text x="{x:.1f}" y="{y - 5:.1f}" text-anchor="middle" fill="{colour}">{_short(value)}</text>')
        out.append(f'<text x="{after:.0f}" y="{TOP - 6}" fill="{colour}">{escape(name)}</text>')
        after += 6 * len(name) + 10
    return "".join(out)


def _scale(values: list[float], length: float, log: bool, *, zero: bool = False):  # type: ignore[no-untyped-def]  # a function
    shown = [log10(max(value, 1e-3)) if log else value for value in values] or [0.0]
    low, high = (0.0 if zero and not log else min(shown)), max(shown)
    span = (high - low) or 1.0

    def place(value: float) -> float:
        return ((log10(max(value, 1e-3)) if log else value) - low) / span * length * 0.92

    return place


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
