"""What is sent, made of cleaned forms: pure functions, in the words and the order of the services.

References
----------
TNS bulk reports and Hermes messages as the contract of the wire formats tells them.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any

MAX_POINTS = 5000
AB_MAGNITUDES = "1"
"""Number of AB magnitudes among the units of TNS."""
_OBJECT_SPECTRUM = "1"


def utc_text(moment: dt.datetime) -> str:
    """Return a moment as TNS writes it: UTC to the millisecond."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _text(value: Any) -> str:
    return "" if value is None else utc_text(value) if isinstance(value, dt.datetime) else str(value)


def _private(days: Any) -> dict[str, str]:
    return {"period_value": _text(days or 0), "period_units": "days"}


def at_report(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the bulk report of one discovery.

    Parameters
    ----------
    values : mapping
        Cleaned data of ``DiscoveryForm``: positions in degrees, times aware.
    """
    error = _text(values.get("position_error"))
    report: dict[str, Any] = {
        "ra": {"value": _text(values["ra"]), "error": error, "units": "arcsec"},
        "dec": {"value": _text(values["dec"]), "error": error, "units": "arcsec"},
        "reporting_groupid": _text(values["reporting_group"]),
        "data_source_groupid": _text(values["data_source_group"]),
        "reporter": values["reporter"],
        "discovery_datetime": _text(values["discovery_datetime"]),
        "at_type": _text(values["at_type"]),
        "host_name": _text(values.get("host_name")),
        "host_redshift": _text(values.get("host_redshift")),
        "transient_redshift": _text(values.get("transient_redshift")),
        "internal_name": _text(values.get("internal_name")),
        "remarks": _text(values.get("remarks")),
    }
    if values.get("proprietary_days"):
        report["proprietary_period_groups"] = [_text(values["reporting_group"])]
        report["proprietary_period"] = _private(values["proprietary_days"])
    report["non_detection"] = _non_detection(values)
    report["photometry"] = {
        "photometry_group": {
            "0": {
                "obsdate": _text(values["obsdate"]),
                "flux": _text(values["flux"]),
                "flux_error": _text(values.get("flux_error")),
                "limiting_flux": "",
                "flux_units": AB_MAGNITUDES,
                "filter_value": _text(values["filter"]),
                "instrument_value": _text(values["instrument"]),
                "exptime": _text(values.get("exptime")),
                "observer": _text(values.get("observer")),
                "comments": _text(values.get("comments")),
            }
        }
    }
    return {"at_report": {"0": report}}


def _non_detection(values: Mapping[str, Any]) -> dict[str, str]:
    has_limit = values.get("limiting_flux") is not None
    return {
        "obsdate": _text(values.get("limit_obsdate")),
        "limiting_flux": _text(values.get("limiting_flux")),
        "flux_units": AB_MAGNITUDES if has_limit else "",
        "filter_value": _text(values.get("limit_filter")) if has_limit else "",
        "instrument_value": _text(values.get("limit_instrument")) if has_limit else "",
        "exptime": _text(values.get("limit_exptime")),
        "observer": _text(values.get("observer")) if has_limit else "",
        "archiveid": "" if has_limit else "0",
        "archival_remarks": _text(values.get("archival_remarks")),
    }


def classification_report(values: Mapping[str, Any], spectra: Sequence[Any]) -> dict[str, Any]:
    """Return the bulk report of one classification; its files are named as `spectrum_name` does.

    Parameters
    ----------
    values : mapping
        Cleaned data of ``ClassificationForm``.
    spectra : sequence of SpectroscopyReducedDatum
    """
    days = values.get("proprietary_days")
    report: dict[str, Any] = {
        "name": values["name"],
        "classifier": values["classifier"],
        "objtypeid": _text(values["object_type"]),
        "redshift": _text(values.get("redshift")),
        "groupid": _text(values["group"]),
        "class_proprietary_period": {
            "class_proprietary_period_value": _text(days or 0),
            "class_proprietary_period_units": "days",
        },
        "remarks": _text(values.get("remarks")),
        "spectra": {
            "spectra-group": {
                str(number): {
                    "obsdate": _text(spectrum.timestamp),
                    "instrumentid": _text(values["instrument"]),
                    "exptime": _text(spectrum.exposure_time),
                    "observer": _text(values.get("observer")),
                    "reducer": _text(values.get("reducer")),
                    "spectypeid": _OBJECT_SPECTRUM,
                    "ascii_file": spectrum_name(values["name"], spectrum),
                    "fits_file": "",
                    "remarks": "",
                    "spec_proprietary_period": _text(days or 0),
                    "spec_proprietary_period_units": "days",
                }
                for number, spectrum in enumerate(spectra)
            }
        },
    }
    return {"classification_report": {"0": report}}


def spectrum_name(name: str, spectrum: Any) -> str:
    """Return what the file of a spectrum is called."""
    where = re.sub(r"[^A-Za-z0-9]+", "-", spectrum.instrument or spectrum.telescope or "spectrum").strip("-")
    return f"{name}_{spectrum.timestamp:%Y%m%dT%H%M%S}_{where}_{spectrum.pk}.txt"


def spectrum_text(spectrum: Any) -> bytes:
    """Return a spectrum as a text file: wavelength, flux and perhaps its error, one line a point."""
    units = f"wavelength ({spectrum.wavelength_unit or 'Angstrom'}) flux ({spectrum.flux_unit or 'unknown'})"
    columns = [spectrum.wavelength, spectrum.flux]
    if len(spectrum.error or ()) == len(spectrum.flux):
        columns.append(spectrum.error)
        units += " error"
    lines = [f"# {units}", *(" ".join(repr(float(one)) for one in row) for row in zip(*columns, strict=True))]
    return ("\n".join(lines) + "\n").encode()


def hermes_message(
    values: Mapping[str, Any],
    *,
    submitter: str,
    target: Any,
    points: Sequence[Any],
    spectra: Sequence[Any],
) -> dict[str, Any]:
    """Return a message about one target.

    Parameters
    ----------
    values : mapping
        Cleaned data of ``HermesForm``.
    submitter : str
    target : Target
    points, spectra : sequence
        Measurements that go along.
    """
    from tom_dataproducts.alertstreams.hermes import get_hermes_data_converter_class

    told = get_hermes_data_converter_class()(validate=True)
    about = told.get_hermes_target(target)
    if values.get("new_discovery"):
        about["new_discovery"] = True
    data: dict[str, Any] = {"targets": [about]}
    if points:
        data["photometry"] = [told.get_hermes_photometry(point) for point in points]
    if spectra:
        data["spectroscopy"] = [told.get_hermes_spectroscopy(spectrum) for spectrum in spectra]
    return {
        "title": values["title"],
        "topic": values["topic"],
        "submitter": submitter,
        "authors": _text(values.get("authors")),
        "message_text": _text(values.get("message_text")),
        "data": data,
    }
