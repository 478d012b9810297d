"""Expressions to begin with, as the form of a filter offers them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """One expression, and what it is for."""

    title: str
    text: str


EXAMPLES = (
    Example(
        "Young and rising",
        "age_days(mjd_first) < 3 and rate_mag_per_d < -0.2 and real_bogus > 0.8 and not is_solar_system",
    ),
    Example(
        "Bright, off the galactic plane, no star behind",
        "mag < 18.5 and abs(gal_lat) > 10 and real_bogus > 0.8 and star_score < 0.5",
    ),
    Example(
        "Fast and fading",
        "rate_mag_per_d > 0.3 and below_peak_mag > 0.3 and duration_d < 14 and not is_solar_system",
    ),
    Example(
        "New where nothing was the night before",
        "last_limit_age_d < 2 and last_limit_mag - mag > 0.5 and n_detections >= 2",
    ),
    Example("Class of a broker", "class in ('SN candidate', 'Early SN Ia candidate') and class_prob > 0.5"),
    Example("Around a position", "distance_deg(150.1, 2.2) < 1 and mag < 20"),
)
