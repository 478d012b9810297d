"""Fields of a packet from the measurements of a simulated object: detection, previous ones, forced ones."""

from typing import Any

import numpy as np

from tom_alerts.simulation import sky
from tom_alerts.simulation.cutouts import HOST_COLOUR
from tom_alerts.simulation.light_curves.base import AB_ZERO_POINT_NJY, BANDS
from tom_alerts.simulation.measurement import History
from tom_alerts.simulation.night import EXPOSURE_S
from tom_alerts.simulation.schema import record_schema
from tom_common.astro.time import JD_OF_MJD_0

PROGRAM = "Simulated"
PROGRAM_ID = 1
CLASSIFIER_VERSION = "simulated"
NO_VALUE = -999.0
FORCED_FAILURE = -99999.0
FORCED_FAILURE_RATE = 0.005

_EMPTY_PREVIOUS = {field["name"]: None for field in record_schema("prv_candidate")["fields"]}
_EMPTY_CANDIDATE = {field["name"]: None for field in record_schema("candidate")["fields"]}
_SHARED = [name for name in _EMPTY_PREVIOUS if name in _EMPTY_CANDIDATE]


def _image_fields(history: History, row: int) -> dict[str, Any]:
    """Return the fields that belong to the exposure, whether or not it shows the object."""
    exposures, camera = history.exposures, history.camera[row]
    jd = round(float(exposures.mjd_utc[row]) + JD_OF_MJD_0, 7)
    image, band = int(history.image_number[row]), BANDS[exposures.band[row]]
    return {
        "jd": jd,
        "fid": int(exposures.band[row]) + 1,
        "pid": image,
        "diffmaglim": float(exposures.limit_mag[row]),
        "pdiffimfilename": f"sim_{image}_{camera.field:06d}_z{band}_scimrefdiffimg.fits",
        "programpi": PROGRAM,
        "programid": PROGRAM_ID,
        "nid": image // 10**9,
        "rcid": camera.channel,
        "field": camera.field,
        "magzpsci": float(exposures.zero_point_mag[row]),
        "magzpsciunc": 5e-6,
        "magzpscirms": 0.03,
        "clrcoeff": -0.05 if exposures.band[row] == 0 else 0.1,
        "clrcounc": 7e-6,
        "rbversion": CLASSIFIER_VERSION,
    }


def _nearest_reference_source(history: History, row: int) -> dict[str, Any]:
    """Return the nearest source in the reference image: the object itself, its host, or a chance one."""
    source = history.source
    band = BANDS[history.exposures.band[row]]
    own = source.light_curve.reference_mag(band) if source.light_curve else None
    if own is not None:
        mag, east, north, sharpness = own, 0.0, 0.0, 0.0
    elif source.host is not None:
        mag, sharpness = source.host.r_mag + HOST_COLOUR[band], 0.35
        east, north = source.host.east_arcsec, source.host.north_arcsec
    else:
        generator = np.random.default_rng([source.index, 5])
        mag, sharpness = float(generator.uniform(18.5, 21.5)), 0.0
        east, north = (float(value) for value in generator.uniform(4, 12, 2))
    ra_deg, dec_deg = sky.offset_position(
        float(history.ra_deg[row]), float(history.dec_deg[row]), east, north
    )
    if source.elements is None:
        ra_deg, dec_deg = sky.offset_position(source.ra_deg, source.dec_deg, east, north)
    apart = np.hypot(
        (float(ra_deg) - history.ra_deg[row]) * np.cos(np.radians(source.dec_deg)),
        float(dec_deg) - history.dec_deg[row],
    )
    return {
        "ranr": round(float(ra_deg), 7),
        "decnr": round(float(dec_deg), 7),
        "distnr": float(apart * 3600 / sky.PIXEL_ARCSEC),
        "magnr": float(mag),
        "sigmagnr": float(np.clip(0.01 * 10 ** (0.2 * (mag - 16)), 0.005, 0.3)),
        "chinr": 0.5 + float(history.quality[row, 5]),
        "sharpnr": sharpness,
    }


def _detection_fields(history: History, row: int) -> dict[str, Any]:
    """Return the fields of a detection that a later packet repeats."""
    exposures, camera, chance = history.exposures, history.camera[row], history.quality[row]
    mag, error = float(history.mag[row]), float(history.mag_error[row])
    snr = float(abs(history.flux_njy[row]) / history.flux_error_njy[row])
    seeing = float(exposures.seeing_pixels[row])
    moving = history.source.elements is not None
    edge = min(
        camera.x_pixel,
        camera.y_pixel,
        sky.CHANNEL_PIXELS - camera.x_pixel,
        sky.CHANNEL_PIXELS - camera.y_pixel,
    )
    number = int(history.alert_number[row])
    return {
        "candid": number,
        "isdiffpos": "t" if history.flux_njy[row] > 0 else "f",
        "tblid": number % 1000,
        "xpos": camera.x_pixel,
        "ypos": camera.y_pixel,
        "ra": float(history.ra_deg[row]),
        "dec": float(history.dec_deg[row]),
        "magpsf": mag,
        "sigmapsf": error,
        "chipsf": 0.6 + float(chance[0]),
        "magap": mag + 0.1 * float(chance[1] - 0.5),
        "sigmagap": 1.3 * error,
        "magapbig": mag + 0.14 * float(chance[1] - 0.5),
        "sigmagapbig": 1.6 * error,
        "magdiff": 0.1 * float(chance[1] - 0.5),
        "magfromlim": float(exposures.limit_mag[row]) - mag,
        "sky": float(chance[2] - 0.5),
        "fwhm": seeing,
        "classtar": 0.85 + 0.15 * float(chance[3]),
        "mindtoedge": float(edge),
        "seeratio": 1.0 + 0.4 * float(chance[2]),
        "aimage": 0.45 * seeing,
        "bimage": 0.42 * seeing,
        "aimagerat": 0.45,
        "bimagerat": 0.42,
        "elong": 1.0 + 0.25 * float(chance[4]),
        "nneg": int(6 * chance[4] ** 2),
        "nbad": 0,
        "rb": 1.0 - 0.55 * float(chance[3]) ** 2 * min(1.0, 8.0 / snr),
        "ssdistnr": 0.1 + 0.8 * float(chance[5]) if moving else NO_VALUE,
        "ssmagnr": mag if moving else NO_VALUE,
        "ssnamenr": history.source.designation if moving else "null",
        "sumrat": 1.0 - 0.1 * float(chance[4]),
        "scorr": snr,
        **_nearest_reference_source(history, row),
    }


def previous_record(history: History, row: int) -> dict[str, Any]:
    """Return a row of the history as an item of ``prv_candidates``.

    Parameters
    ----------
    history : History
        Measurements of the object.
    row : int
        Row of the measurements.

    Returns
    -------
    dict
        All fields of the schema; a row without detection has no candid, position and magnitude, only the
        limit.
    """
    record = {**_EMPTY_PREVIOUS, **_image_fields(history, row)}
    if history.detected[row]:
        found = _detection_fields(history, row)
        record.update({name: found[name] for name in _SHARED if name in found})
    return record


def forced_record(history: History, row: int) -> dict[str, Any]:
    """Return a row of the history as an item of ``fp_hists``.

    Parameters
    ----------
    history : History
        Measurements of the object.
    row : int
        Row of the measurements.

    Returns
    -------
    dict
        All fields of the schema; fluxes in DN of the image's zero point, a failed one with status 56.
    """
    image, reference = _image_fields(history, row), _nearest_reference_source(history, row)
    dn_per_njy = 10 ** (0.4 * (image["magzpsci"] - AB_ZERO_POINT_NJY))
    failed = bool(history.quality[row, 2] < FORCED_FAILURE_RATE)
    limit, seeing = float(history.exposures.limit_mag[row]), float(history.exposures.seeing_pixels[row])
    shared = ("field", "rcid", "fid", "pid", "jd", "programid", "diffmaglim")
    calibration = ("magzpsci", "magzpsciunc", "magzpscirms", "clrcoeff", "clrcounc")
    return {
        **{name: image[name] for name in (*shared, *calibration)},
        **reference,
        "distnr": reference["distnr"] * sky.PIXEL_ARCSEC,  # arcsec here, pixels in a detection
        "rfid": _reference_image_number(history, row),
        "sciinpseeing": seeing,
        "scibckgnd": 150.0,
        "scisigpix": sky.pixel_noise_dn(limit, image["magzpsci"], seeing),
        "exptime": EXPOSURE_S,
        "adpctdif1": 0.1,
        "adpctdif2": 0.07,
        "forcediffimflux": FORCED_FAILURE if failed else float(history.flux_njy[row] * dn_per_njy),
        "forcediffimfluxunc": FORCED_FAILURE if failed else float(history.flux_error_njy[row] * dn_per_njy),
        "procstatus": "56" if failed else "0",
    }


def candidate_record(history: History, row: int) -> dict[str, Any]:
    """Return the detection of an alert.

    Parameters
    ----------
    history : History
        Measurements of the object.
    row : int
        Row of the alert.

    Returns
    -------
    dict
        All 103 fields of ``candidate``.
    """
    earlier = history.detections[history.detections <= row]
    times = history.exposures.mjd_utc
    moving = history.source.elements is not None
    jd = round(float(times[row]) + JD_OF_MJD_0, 7)
    first_jd = jd if moving else round(float(times[earlier[0]]) + JD_OF_MJD_0, 7)
    image = _image_fields(history, row)
    return {
        **_EMPTY_CANDIDATE,
        **image,
        **_detection_fields(history, row),
        **_catalogue_fields(history),
        "ndethist": 1 if moving else len(earlier),
        "ncovhist": row + 1,
        "jdstarthist": first_jd,
        "jdendhist": jd,
        "tooflag": 0,
        "nmtchps": 8,
        "rfid": _reference_image_number(history, row),
        "jdstartref": 2458202.5,
        "jdendref": 2458484.5,
        "nframesref": 18,
        "dsnrms": float(10 * history.quality[row, 0]),
        "ssnrms": float(12 * history.quality[row, 0]),
        "dsdiff": float(-2 * history.quality[row, 0]),
        "nmatches": 1500,
        "zpclrcov": -4e-6,
        "zpmed": image["magzpsci"] + 0.05,
        "clrmed": 0.65,
        "clrrms": 0.15,
        "exptime": EXPOSURE_S,
        "drb": 1.0 - 0.3 * float(history.quality[row, 3]) ** 4,
        "drbversion": CLASSIFIER_VERSION,
    }


def _reference_image_number(history: History, row: int) -> int:
    """Return the number of the reference image: field, filter, channel."""
    camera = history.camera[row]
    return camera.field * 10**6 + (int(history.exposures.band[row]) + 1) * 10**4 + camera.channel * 100 + 99


def _catalogue_fields(history: History) -> dict[str, Any]:
    """Return the catalogue neighbours: the star or the host first, then two faint chance ones."""
    source = history.source
    generator = np.random.default_rng([source.index, 6])
    own = [source.light_curve.reference_mag(band) if source.light_curve else None for band in BANDS]
    if own[1] is not None:
        mags = [float(mag) for mag in own if mag is not None]
        first = (*mags, mags[2] - 0.1, 0.99 if source.host is None else 0.6, 0.15)
    elif source.host is not None:
        mags = [source.host.r_mag + HOST_COLOUR[band] for band in BANDS]
        first = (
            *mags,
            mags[2] - 0.15,
            0.04,
            float(np.hypot(source.host.east_arcsec, source.host.north_arcsec)),
        )
    else:
        first = (21.9, 21.3, 21.0, 20.9, 0.5, float(generator.uniform(5, 20)))
    fields: dict[str, Any] = {}
    for number in (1, 2, 3):
        faint = float(generator.uniform(19.5, 21.5))
        other = (
            faint + 0.8,
            faint,
            faint - 0.4,
            faint - 0.6,
            0.5,
            first[5] + float(generator.uniform(4, 9)) * number,
        )
        for name, value in zip(
            ("sgmag", "srmag", "simag", "szmag", "sgscore", "distpsnr"), first, strict=True
        ):
            fields[f"{name}{number}"] = value
        first = first if number == 3 else other
    near_star = own[1] is not None and source.host is None
    fields["neargaia"] = 0.12 if near_star else float(generator.uniform(6, 40))
    fields["maggaia"] = float(own[1] or 0.0) if near_star else 19.0
    fields["neargaiabright"] = float(generator.uniform(40, 90))
    fields["maggaiabright"] = 13.5
    return fields
