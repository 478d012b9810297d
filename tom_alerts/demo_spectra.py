"""Spectra of the demo: the brightest supernovae get a few, as a follow-up would bring them."""

from __future__ import annotations

import zlib

import numpy as np

from tom_alerts.simulation.spectra import CLASSES, INSTRUMENTS, SimulatedSpectrum, simulate_spectrum
from tom_alerts.simulation.survey import ObjectFacts, SimulatedSurvey
from tom_common.astro.time import mjd_utc_to_datetime
from tom_dataproducts.models import SpectroscopyReducedDatum
from tom_targets.base_models import BaseTarget
from tom_targets.models import TargetExtra

SOURCE = "Follow-up (simulated)"
_OBJECTS = 25
_DAYS_AFTER_DISCOVERY = (2.0, 9.0, 18.0, 32.0)


def store_spectra(survey: SimulatedSurvey, pks: list[int]) -> int:
    """Store spectra of the brightest supernovae among new targets of the demo, and their redshifts.

    Parameters
    ----------
    survey : SimulatedSurvey
    pks : list of int
        Targets that the demo made just now.

    Returns
    -------
    int
        How many spectra.
    """
    names = dict(BaseTarget.objects.filter(pk__in=pks).values_list("name", "pk"))
    fit = [one for one in survey.objects if one.name in names and one.class_name in CLASSES and one.redshift]
    rows, extras = [], []
    for one in sorted(fit, key=lambda found: found.brightest_mag)[:_OBJECTS]:
        spectra = spectra_of(one, seed=survey.seed)
        rows += [_row(found, names[one.name]) for found in spectra]
        if spectra:
            extras.append(TargetExtra(target_id=names[one.name], key="redshift", value=f"{one.redshift:.4f}"))
    SpectroscopyReducedDatum.objects.bulk_create(rows, ignore_conflicts=True)
    for extra in extras:
        if not TargetExtra.objects.filter(target_id=extra.target_id, key="redshift").exists():
            extra.save()
    return len(rows)


def spectra_of(one: ObjectFacts, *, seed: int) -> list[SimulatedSpectrum]:
    """Return the spectra of one object, in the order of time: those taken up to its last detection."""
    rng = np.random.default_rng([seed, zlib.crc32(one.name.encode())])
    found = []
    for days in _DAYS_AFTER_DISCOVERY:
        mjd_utc = one.first_detection_mjd + days + rng.uniform(-0.1, 0.1)
        if mjd_utc > one.last_detection_mjd + 1.0:
            break
        found.append(
            simulate_spectrum(
                one.class_name,
                redshift=float(one.redshift or 0.0),
                mag_ab=one.brightest_mag + 0.02 * abs(days - 14.0),
                days=days + 4.0,
                mjd_utc=mjd_utc,
                instrument=int(rng.integers(len(INSTRUMENTS))),
                rng=rng,
            )
        )
    return found


def _row(spectrum: SimulatedSpectrum, target_pk: int) -> SpectroscopyReducedDatum:
    return SpectroscopyReducedDatum(
        target_id=target_pk,
        timestamp=mjd_utc_to_datetime(spectrum.mjd_utc),
        telescope=spectrum.telescope,
        instrument=spectrum.instrument,
        exposure_time=spectrum.exposure_s,
        setup="simulated",
        wavelength=[round(value, 3) for value in spectrum.wave_a.tolist()],
        flux=[float(f"{value:.5e}") for value in spectrum.flux.tolist()],
        error=[float(f"{value:.3e}") for value in spectrum.error.tolist()],
        wavelength_unit="Angstrom",
        flux_unit="erg/s/cm2/A",
        source_name=SOURCE,
        value={"wavelength_medium": "air", "frame": "observed", "simulated": True},
    )
