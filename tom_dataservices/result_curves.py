"""Brings small light curves of results of which a list tells the newest point at most: ``fetch_curves``.

They are fetched in the background with the images (``result_cutouts``), so that pages ask nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tom_dataservices.models import QueryResult, QueryRun
from tom_dataservices.plugin_errors import plugin_reported
from tom_dataservices.result_cutouts import MOST, earlier_runs, gives_cutouts

ASKED = "curve_asked"
"""Among the values of a result: that its light curve came, whether it has any points or not."""
_FEW = 2


def gives_curves(plugin: Any) -> bool:
    """Tell whether a service can be asked for light curves of its results, and the settings want them."""
    return hasattr(plugin, "curves") and gives_cutouts(plugin)


def lacks_curve(result: QueryResult) -> bool:
    """Tell whether the light curve of a result is still to be asked for."""
    values = result.values
    return ASKED not in values and len(values.get("points") or ()) < _FEW


def fetch_curves(run: QueryRun, service: Any, tell: Callable[[int], None] = lambda count: None) -> int:
    """Fetch light curves of the first results of a run that lack them, and return how many came.

    That of the same detection which an earlier run of the same user has is taken again. A result without a
    brightness gets that of the newest point.

    Raises
    ------
    PluginFailedError
        With a sentence, if the service does not answer.
    """
    if not gives_curves(type(service)):
        return 0
    most = int(getattr(service, "most_cutouts", MOST))
    rows = run.results.filter(number__lt=most).defer("raw")
    wanting = {row.result_id: row for row in rows if lacks_curve(row)}
    _take_again(run, wanting)
    came = 0
    if wanting:
        with plugin_reported(service.name):
            for result_id, values in service.small_curves(list(wanting)):
                came += bool(values.get("points"))
                _keep(wanting[result_id], values)
                tell(came)
    return came


def _take_again(run: QueryRun, wanting: dict[str, QueryResult]) -> None:
    earlier = QueryResult.objects.filter(
        run__in=earlier_runs(run), result_id__in=list(wanting), values__has_key=ASKED
    )
    for row in earlier.defer("raw").order_by("-pk")[: 10 * MOST]:
        same = wanting.get(row.result_id)
        if same is not None and _tells_of(row, same):
            told = {key: row.values.get(key) for key in ("points", "mag", "mag_err", "flux_njy", "band")}
            _keep(wanting.pop(row.result_id), told)


def _tells_of(row: QueryResult, same: QueryResult) -> bool:
    """Tell whether an earlier result holds the light curve of another, of the same detection."""
    mjd_utc = same.values.get("mjd_utc")
    return mjd_utc is not None and mjd_utc == row.values.get("mjd_utc") and bool(row.values.get("points"))


def _keep(row: QueryResult, values: dict[str, Any]) -> None:
    has_brightness = row.values.get("mag") is not None or row.values.get("flux_njy") is not None
    told: dict[str, Any] = {ASKED: True}
    points: Sequence[Any] = values.get("points") or ()
    if points:
        told["points"] = list(points)
    if not has_brightness:
        told |= {key: value for key, value in values.items() if key != "points"}
    row.values = {**row.values, **told}
    QueryResult.objects.filter(pk=row.pk).update(values=row.values)
