"""Whether an object lies within the limits of a query that its broker could not be asked for."""

from __future__ import annotations

from typing import Any

from tom_dataservices.clients.broker import BrokerObject


def fits(found: BrokerObject, query: dict[str, Any]) -> bool:
    """Tell whether an object lies within the limits of a query; one whose value is not told does.

    Brokers leave some limits out of what they can be asked for.
    """
    has_no_magnitude = found.mag is None and found.flux_njy is not None and found.flux_njy < 0
    if has_no_magnitude and (query.get("mag_min") is not None or query.get("mag_max") is not None):
        return False  # fainter than its reference image
    limits = (
        (found.mag, query.get("mag_min"), query.get("mag_max")),
        (found.detections, query.get("detections_min"), query.get("detections_max")),
        (found.score, query.get("probability_min"), None),
        (found.mjd_utc, query.get("mjd_min"), query.get("mjd_max")),
    )
    return all(
        value is None or ((low is None or value >= low) and (high is None or value <= high))
        for value, low, high in limits
    )
