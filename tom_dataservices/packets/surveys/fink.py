"""The fields that Fink adds to ZTF and Rubin packets, as facts of the object."""

from __future__ import annotations

import numpy as np

from ..table import Table
from .common import Facts, add_flags, add_float32, add_integers, add_numbers, add_texts, below

_ZTF_TEXTS = {
    "finkclass": "fink_class",
    "cdsxmatch": "fink_simbad_class",
    "tns": "fink_tns_type",
    "tnsclass": "fink_tns_class",
    "DR3Name": "fink_gaia_dr3_name",
    "gaiaClass": "fink_gaia_class",
    "vsx": "fink_vsx",
    "gcvs": "fink_gcvs",
    "spicy_class": "fink_spicy_class",
    "x3hsp": "fink_x3hsp",
    "x4lac": "fink_x4lac",
    "tracklet": "fink_tracklet",
}
_ZTF_SCORES = (
    "rf_snia_vs_nonia snn_snia_vs_nonia snn_sn_vs_all rf_kn_vs_nonkn mulens slsn_score mag_rate sigma_rate "
    "anomaly_score jd_first_real_det"
)
_SCORES_FROM_0 = (
    "rf_snia_vs_nonia",
    "snn_snia_vs_nonia",
    "snn_sn_vs_all",
    "rf_kn_vs_nonkn",
    "mulens",
    "slsn_score",
)
"""Probabilities: Fink writes -1 where it has not computed one."""

FINK_ZTF_FIELDS = (*_ZTF_TEXTS, *_ZTF_SCORES.split(), "roid", "is_transient", "Plx", "e_Plx")

_XM_TEXTS = (
    "simbad_otype gaiadr3_DR3Name tns_fullname tns_type gcvs_type x3hsp_type x4lac_type vsx_Type spicy_class "
    "mangrove_HyperLEDA_name mangrove_2MASS_name"
)
_XM_NUMBERS = (
    "gaiadr3_Plx gaiadr3_e_Plx legacydr8_zphot legacydr8_e_zphot tns_redshift mangrove_lum_dist "
    "mangrove_ang_dist"
)
_CLF_SCORES = "snnSnVsOthers_score cats_score earlySNIa_score"

FINK_LSST_FIELDS = (
    *below("clf", f"{_CLF_SCORES} cats_class"),
    *below("xm", f"{_XM_TEXTS} {_XM_NUMBERS}"),
    *below("pred", "is_sso is_first is_cataloged main_label_classifier main_label_crossmatch"),
    "misc.firstDiaSourceMjdTaiFink",
    "tns_type_recomputed",
)


def add_fink_ztf(facts: Facts, table: Table) -> None:
    """Note Fink's classes, scores and cross-matches of ZTF alerts; nothing where the packet is ZTF's own."""
    if table.column("cdsxmatch") is None:
        return
    for name, key in _ZTF_TEXTS.items():
        add_texts(facts, key, table.texts(name))
    for name in _ZTF_SCORES.split():
        values = table.floats(name)
        add_numbers(facts, f"fink_{name}", values, values >= 0 if name in _SCORES_FROM_0 else None)
    add_integers(facts, "fink_roid", table.ints("roid"), table.has_number("roid"))
    add_flags(facts, "fink_is_transient", table.bools("is_transient"), table.has_number("is_transient"))
    add_float32(facts, "fink_gaia_parallax", table.floats("Plx"))
    add_float32(facts, "fink_gaia_parallax_error", table.floats("e_Plx"))


def add_fink_lsst(facts: Facts, table: Table) -> list[str | None]:
    """Note Fink's classes, scores and cross-matches of Rubin alerts; give the TNS name of each object."""
    matches = table.table("xm")
    for name in _XM_TEXTS.split():
        add_texts(facts, f"fink_{name}", matches.texts(name))
    for name in _XM_NUMBERS.split():
        add_float32(facts, f"fink_{name}", matches.floats(name))
    scores = table.table("clf")
    for name in _CLF_SCORES.split():
        values = scores.floats(name)
        add_float32(facts, f"fink_{name}", values, values >= 0)
    classes = scores.ints("cats_class")
    add_integers(facts, "fink_cats_class", classes, scores.has_number("cats_class") & (classes >= 0))
    _add_predictions(facts, table.table("pred"))
    add_numbers(facts, "fink_firstDiaSourceMjdTai", table.table("misc").floats("firstDiaSourceMjdTaiFink"))
    add_texts(facts, "fink_tns_type", table.texts("tns_type_recomputed"))
    return matches.texts("tns_fullname")


def _add_predictions(facts: Facts, predictions: Table) -> None:
    for name in ("is_sso", "is_first", "is_cataloged"):
        add_flags(facts, f"fink_{name}", predictions.bools(name), predictions.has_number(name))
    add_texts(facts, "fink_class", predictions.texts("main_label_crossmatch"))
    label: np.ndarray = predictions.ints("main_label_classifier")
    has_label = predictions.has_number("main_label_classifier") & (label >= 0)
    add_integers(facts, "fink_main_label_classifier", label, has_label)
