"""The power spectrum of a search for periods as inline SVG. Pure; called by the page of periods."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from django.utils.safestring import SafeString, mark_safe

_WIDTH, _HEIGHT = 1000, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 22, 40


def period_chart(result: Mapping[str, Any]) -> SafeString:
    """Draw power against frequency, with the candidates numbered.

    Parameters
    ----------
    result : mapping
        As ``Periodogram.as_json`` gives it.
    """
    low, high = result["frequency_per_d"]
    power = result["power"]
    top = max([*power, 0.05]) * 1.12
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM

    def x(frequency: float) -> float:
        return _LEFT + (frequency - low) / max(high - low, 1e-12) * (right - _LEFT)

    def y(value: float) -> float:
        return bottom - value / top * (bottom - _TOP)

    step = (right - _LEFT) / max(1, len(power))
    points = " ".join(
        f"{_LEFT + (place + 0.5) * step:.1f},{y(value):.1f}" for place, value in enumerate(power)
    )
    marks = "".join(
        f'<text class="tom-period-mark" x="{x(1 / one["period_d"]):.1f}" y="{y(one["power"]) - 6:.1f}">'
        f"{number}</text>"
        for number, one in enumerate(result["candidates"], 1)
    )
    axis = "".join(
        f'<path class="tom-period-grid" d="M{x(at):.1f} {_TOP}V{bottom}"/>'
        f'<text x="{x(at):.1f}" y="{bottom + 15}" text-anchor="middle">{at:g}</text>'
        for at in _round_values(low, high, 8)
    )
    axis += "".join(
        f'<path class="tom-period-grid" d="M{_LEFT} {y(at):.1f}H{right}"/>'
        f'<text x="{_LEFT - 6}" y="{y(at) + 4:.1f}" text-anchor="end">{at:g}</text>'
        for at in _round_values(0.0, top, 4)
    )
    best = result["candidates"][0] if result["candidates"] else None
    label = f"Power against frequency, {low:.3g} to {high:.3g} per day"
    if best:
        label += f"; highest at a period of {best['period_d']:.6g} days with power {best['power']:.2f}"
    return mark_safe(  # noqa: S308  numbers of our own
        f'<svg class="tom-period-chart" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">'
        f'{axis}<polyline class="tom-period-line" points="{points}"/>{marks}'
        f'<text x="{(_LEFT + right) / 2:.0f}" y="{_HEIGHT - 6}" text-anchor="middle">Frequency (1/d)</text>'
        f'<text transform="translate(12 {(_TOP + bottom) / 2:.0f}) rotate(-90)" text-anchor="middle">'
        "Power</text></svg>"
    )


def _round_values(low: float, high: float, count: int) -> list[float]:
    """Return the round numbers within a range, about so many."""
    rough = (high - low) / count
    if not rough > 0:
        return [low]
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * size for factor in (1, 2, 5, 10) if factor * size >= rough * 0.999)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [round(k * step, 12) for k in range(first, last + 1)]
