"""How numbers of a target read: digits that match their uncertainty, units, words for a change."""

from __future__ import annotations

import math


def with_error(value: float | None, error: float | None = None, *, decimals: int = 2) -> str:
    """Write a value with its uncertainty, both with the digits that the uncertainty warrants.

    Parameters
    ----------
    value, error : float or None
        In the same unit; an error that is missing or not positive is left out.
    decimals : int
        Decimals of a value without error, and the fewest of one with.

    Returns
    -------
    str
        For example ``"18.21 ± 0.04"``; a dash for a value that is missing.
    """
    if value is None or not math.isfinite(value):
        return "–"
    if error is None or not math.isfinite(error) or error <= 0:
        return f"{value:.{decimals}f}"
    digits = -math.floor(math.log10(error))
    if error * 10**digits < 1.95:  # a leading 1 carries a second digit, as in ± 0.012
        digits += 1
    shown = min(max(digits, decimals), decimals + 2) if error < 1 else decimals
    return f"{value:.{shown}f} ± {error:.{shown}f}"


def with_minus(text: str) -> str:
    """Write a number's hyphens as the minus sign U+2212, which is as wide as the plus of its neighbours."""
    return text.replace("-", "\u2212")


def change(rate_mag_per_day: float | None) -> str:
    """Say how fast a target changes: ``"fading 0.051 mag/day"``; empty for an unknown rate."""
    if rate_mag_per_day is None or not math.isfinite(rate_mag_per_day):
        return ""
    if abs(rate_mag_per_day) < 0.0005:
        return "steady"
    word = "fading" if rate_mag_per_day > 0 else "brightening"
    return f"{word} {significant(abs(rate_mag_per_day), 2)} mag/day"


def significant(value: float, digits: int = 6) -> str:
    """Write a number with so many significant digits, without an exponent where that stays short."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if 1e-4 <= abs(value) < 1e7:
        decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
        text = f"{value:.{decimals}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return f"{value:.{digits}g}"


def count_text(count: int, is_estimate: bool, noun: str = "target") -> str:
    """Say how many there are: ``"1 target"``, ``"312 targets"``, ``"about 1.2 million targets"``."""
    if not is_estimate:
        return f"{count:,} {noun}{'' if count == 1 else 's'}"
    if count >= 1_000_000:
        return f"about {count / 1e6:.1f} million {noun}s"
    step = 10 ** max(0, len(str(count)) - 2)
    return f"about {round(count / step) * step:,} {noun}s"
