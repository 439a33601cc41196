"""A forecast as one SVG: images, gigabytes and cost, each with the policy and without it.

Written by hand, so that it needs nothing and goes into a mail or a pull request. It follows the reader's
light or dark setting.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from typing import Final, NamedTuple

from registry_constructs.simulation.forecast import Forecast
from registry_constructs.simulation.prices import Prices

_WIDTH: Final = 860
_LEFT: Final = 88
_RIGHT: Final = 48
_TOP: Final = 76
_PANEL: Final = 170
_GAP: Final = 56
# Characters of the line above the plot that fit, unless all are wide; a repository's name has up to 256.
_TITLE: Final = 84
_STYLE: Final = """
.page{fill:#fff}.text{fill:#1f2328;font:13px system-ui,sans-serif}.title{font-weight:600;font-size:14px}
.small{fill:#59636e;font-size:12px}.grid{stroke:#d1d9e0;stroke-width:1}.axis{stroke:#59636e;stroke-width:1}
.without{stroke:#b35900}.with{stroke:#0b62d6}.line{fill:none;stroke-width:2.5}
.without.line{stroke-dasharray:7 4}
@media(prefers-color-scheme:dark){.page{fill:#0d1117}.text{fill:#e6edf3}.small{fill:#9198a1}.grid{stroke:#30363d}
.axis{stroke:#9198a1}.without{stroke:#f0883e}.with{stroke:#58a6ff}}
"""


class Panel(NamedTuple):
    """One of the plots below each other.

    Attributes:
        title: What it shows, with its unit.
        without: The values without a policy, one for each time.
        with_policy: The values with it.
    """

    title: str
    without: Sequence[float]
    with_policy: Sequence[float]


def panels(forecast: Forecast, prices: Prices) -> list[Panel]:
    """Images, stored gigabytes, and what they cost a month at that rate."""
    gigabyte = prices.bytes_per_gb
    both = (forecast.without, forecast.with_policy)
    images = [[float(level.images) for level in levels] for levels in both]
    stored = [
        [(level.standard_bytes + level.archive_bytes) / gigabyte for level in levels] for levels in both
    ]
    cost = [
        [prices.monthly(level.standard_bytes, level.archive_bytes) for level in levels] for levels in both
    ]
    return [
        Panel("Images", *images),
        Panel("Gigabytes", *stored),
        Panel(f"{prices.currency} a month, at the prices of {prices.checked}", *cost),
    ]


def forecast_svg(forecast: Forecast, prices: Prices, *, title: str) -> str:
    """The plot as an SVG document of one file.

    Args:
        forecast: What to show.
        prices: The prices of the third panel.
        title: The line above the plot.
    """
    shown = panels(forecast, prices)
    short = title if len(title) <= _TITLE else f"{title[: _TITLE - 1]}…"
    height = _TOP + len(shown) * (_PANEL + _GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}"'
        f' height="{height}" role="img" aria-label="{escape(title)}">',
        f"<style>{_STYLE}</style>",
        f'<rect class="page" width="{_WIDTH}" height="{height}"/>',
        f'<text class="text title" x="{_LEFT}" y="26">{escape(short)}</text>',
        *_legend(),
    ]
    for index, panel in enumerate(shown):
        parts += _panel(panel, forecast.times, _TOP + index * (_PANEL + _GAP) + 18)
    return "\n".join([*parts, "</svg>\n"])


def _legend() -> list[str]:
    parts, x = [], _LEFT
    for name, label in (("without", "without the policy"), ("with", "with the policy")):
        parts.append(f'<line class="line {name}" x1="{x}" y1="46" x2="{x + 34}" y2="46"/>')
        parts.append(f'<text class="text" x="{x + 42}" y="50">{label}</text>')
        x += 210
    return parts


def _panel(panel: Panel, times: Sequence[float], top: float) -> list[str]:
    ticks = nice_ticks(max(*panel.without, *panel.with_policy, 0.0))
    right, bottom = _WIDTH - _RIGHT, top + _PANEL
    parts = [f'<text class="text title" x="{_LEFT}" y="{top - 8}">{escape(panel.title)}</text>']

    def x_of(time: float) -> float:
        return _LEFT + (right - _LEFT) * (time - times[0]) / (times[-1] - times[0])

    def y_of(value: float) -> float:
        return bottom - _PANEL * value / ticks[-1]

    for tick in ticks:
        y = y_of(tick)
        parts.append(f'<line class="grid" x1="{_LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>')
        parts.append(
            f'<text class="text small" x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">'
            f"{_number(tick)}</text>"
        )
    parts.append(f'<line class="axis" x1="{_LEFT}" y1="{bottom}" x2="{right}" y2="{bottom}"/>')
    parts.append(f'<line class="axis" x1="{_LEFT}" y1="{top}" x2="{_LEFT}" y2="{bottom}"/>')
    for time in _dates(times):
        x = x_of(time)
        day = datetime.fromtimestamp(time, UTC).date().isoformat()
        parts.append(f'<line class="axis" x1="{x:.1f}" y1="{bottom}" x2="{x:.1f}" y2="{bottom + 5}"/>')
        parts.append(
            f'<text class="text small" x="{x:.1f}" y="{bottom + 20}" text-anchor="middle">{day}</text>'
        )
    for name, values in (("without", panel.without), ("with", panel.with_policy)):
        points = " ".join(
            f"{x_of(time):.1f},{y_of(value):.1f}" for time, value in zip(times, values, strict=True)
        )
        parts.append(f'<polyline class="line {name}" points="{points}"/>')
    return parts


def nice_ticks(highest: float, wanted: int = 4) -> list[float]:
    """Round numbers from 0 to at least the highest value, about as many steps as wanted.

    Steps are 1, 2 or 5 times a power of ten; nothing at all gives 0 and 1.
    """
    if highest <= 0:
        return [0.0, 1.0]
    rough = highest / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    return [index * step for index in range(math.ceil(highest / step - 1e-9) + 1)]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.3g}"


def _dates(times: Sequence[float]) -> list[float]:
    """About six of the times, the first and the last among them."""
    count = min(5, len(times) - 1)
    return [times[round(index * (len(times) - 1) / count)] for index in range(count + 1)]
