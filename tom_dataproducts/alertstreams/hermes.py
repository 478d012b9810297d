"""Targets and measurements in the words of Hermes messages; used by reports here and by plugins."""

from __future__ import annotations

from typing import Any

from tom_common.hooks import import_method
from tom_dataproducts import conf
from tom_dataproducts.values import PhotometryValue, SpectrumValue, brightness_unit

_ORBIT = {
    "epoch_of_elements": "epoch_of_elements",
    "inclination": "orbital_inclination",
    "lng_asc_node": "longitude_of_the_ascending_node",
    "arg_of_perihelion": "argument_of_the_perihelion",
    "eccentricity": "eccentricity",
    "semimajor_axis": "semimajor_axis",
    "mean_anomaly": "mean_anomaly",
    "perihdist": "perihelion_distance",
    "epoch_of_perihelion": "epoch_of_perihelion",
}
_SIDEREAL = ("ra", "dec", "pm_ra", "pm_dec", "epoch", "distance")
_PER_ANGSTROM = "erg / s / cm² / Å"


class HermesMessageException(Exception):
    """A measurement cannot be told to Hermes."""


class HermesDataConverter:
    """Makes the parts of a Hermes message.

    Parameters
    ----------
    validate : bool
        Refuse what Hermes would refuse.
    """

    def __init__(self, validate: bool = True) -> None:
        self.validate = validate

    def get_hermes_target(self, target: Any) -> dict[str, Any]:
        """Return a target, its names, position or orbit, and its redshift."""
        said: dict[str, Any] = {"name": target.name}
        for name in _SIDEREAL:
            if getattr(target, name, None) is not None:
                said[name] = getattr(target, name)
        orbit = {
            theirs: getattr(target, ours)
            for ours, theirs in _ORBIT.items()
            if getattr(target, ours) is not None
        }
        if orbit and target.type == "NON_SIDEREAL":
            said["orbital_elements"] = orbit
        extras = {**target.tags, **target.extra_fields}
        for key in ("redshift", "host_name", "host_redshift"):
            value = extras.get(key)
            if value not in (None, ""):
                said[key] = value if key == "host_name" else float(value)
        aliases = [alias.name for alias in target.aliases.all()]
        return {**said, "aliases": aliases} if aliases else said

    def get_hermes_photometry(self, datum: Any) -> dict[str, Any]:
        """Return one point: a brightness or a limit, of a typed row or one whose ``value`` is a dict.

        Raises
        ------
        HermesMessageException
            If it is neither, and `validate` is set.
        """
        brightness, error, limit, band, unit, exposure_s = _point(datum)
        said: dict[str, Any] = {
            "target_name": datum.target.name,
            "date_obs": datum.timestamp.isoformat(),
            **_where(datum),
            "bandpass": self._band(band),
        }
        named, factor = _unit(unit)
        if brightness is not None:
            said |= {"brightness": brightness * factor, "brightness_unit": named}
            if error is not None:
                said["brightness_error"] = error * factor
        elif limit is not None:
            said |= {"limiting_brightness": limit * factor, "limiting_brightness_unit": named}
            said["brightness_unit"] = named
        elif self.validate:
            raise HermesMessageException(f"{datum} is neither a brightness nor a limit")
        if exposure_s is not None:
            said["exposure_time"] = exposure_s
        return said

    def get_hermes_spectroscopy(self, datum: Any) -> dict[str, Any]:
        """Return one spectrum, of a typed row or one whose ``value`` is a dict.

        Raises
        ------
        HermesMessageException
            If its columns differ in length, and `validate` is set.
        """
        flux, wavelength, error, flux_unit, wavelength_unit = _spectrum(datum)
        if self.validate and not (
            len(flux) == len(wavelength) and len(error) in (0, len(flux)) and len(flux) > 0
        ):
            raise HermesMessageException(
                f"{datum} has {len(flux)} fluxes, {len(wavelength)} wavelengths and {len(error)} errors"
            )
        said = {
            "target_name": datum.target.name,
            "date_obs": datum.timestamp.isoformat(),
            **_where(datum),
            "reducer": "",
            "observer": "",
            "flux": flux,
            "wavelength": wavelength,
            "flux_units": flux_unit or _PER_ANGSTROM,
            "wavelength_units": wavelength_unit or "Å",
        }
        return {**said, "flux_error": error} if error else said

    @staticmethod
    def _band(band: str) -> str:
        """Return what Hermes calls a band, by the settings; else what we call it."""
        return str((_settings().get("FILTER_MAPPING") or {}).get(band, band))


def get_hermes_data_converter_class() -> type[HermesDataConverter]:
    """Return the class that ``DATA_SHARING['hermes']['DATA_CONVERTER_CLASS']`` names, or ours."""
    path = _settings().get("DATA_CONVERTER_CLASS")
    if not path:
        return HermesDataConverter
    found: Any = import_method(path)
    return found


def _settings() -> dict[str, Any]:
    return conf.data_sharing().get("hermes") or {}


def _where(datum: Any) -> dict[str, str]:
    instrument = datum.instrument
    return {
        "telescope": datum.telescope or datum.source_name,
        "instrument": str((_settings().get("INSTRUMENT_MAPPING") or {}).get(instrument, instrument)),
    }


def _point(datum: Any) -> tuple[Any, Any, Any, str, str, Any]:
    if hasattr(datum, "bandpass"):
        return (
            datum.brightness,
            datum.brightness_error,
            datum.limit,
            datum.bandpass,
            datum.unit,
            datum.exposure_time,
        )
    found = PhotometryValue.from_json(datum.value)
    if found is None:
        return None, None, None, "", "", None
    brightness, error, limit = (_or_none(one) for one in (found.brightness, found.error, found.limit))
    return brightness, error, limit, found.band, found.unit, None


def _or_none(value: float) -> float | None:
    return None if value != value else value


def _unit(unit: str) -> tuple[str, float]:
    """Return what Hermes calls a unit, and by what a value is multiplied to be in it."""
    known = brightness_unit(unit)
    if known.flux_njy is not None:
        return "mJy", known.flux_njy / 1e6
    return ("Vega mag" if known.is_magnitude and not known.is_ab else "AB mag"), 1.0


def _spectrum(datum: Any) -> tuple[list[float], list[float], list[float], str, str]:
    if hasattr(datum, "wavelength_unit"):
        return (
            list(datum.flux),
            list(datum.wavelength),
            list(datum.error or []),
            datum.flux_unit,
            datum.wavelength_unit,
        )
    pieces = SpectrumValue.pieces(datum.value)
    if not pieces:
        return [], [], [], "", ""
    flux = [float(one) for piece in pieces for one in piece.flux]
    wavelength = [float(one) for piece in pieces for one in piece.wavelength]
    error = [float(one) for piece in pieces for one in (piece.error if piece.error is not None else ())]
    return flux, wavelength, error, pieces[0].flux_unit, pieces[0].wavelength_unit
