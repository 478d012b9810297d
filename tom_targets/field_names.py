"""Names of target fields by type of target; re-exported by ``base_models`` and ``models``."""

GLOBAL_TARGET_FIELDS = ["name", "type"]

SIDEREAL_FIELDS = [
    *GLOBAL_TARGET_FIELDS,
    "ra",
    "dec",
    "epoch",
    "pm_ra",
    "pm_dec",
    "parallax",
    "galactic_lng",
    "galactic_lat",
    "distance",
    "distance_err",
]

NON_SIDEREAL_FIELDS = [
    *GLOBAL_TARGET_FIELDS,
    "scheme",
    "epoch_of_elements",
    "mean_anomaly",
    "arg_of_perihelion",
    "eccentricity",
    "lng_asc_node",
    "inclination",
    "mean_daily_motion",
    "semimajor_axis",
    "epoch_of_perihelion",
    "ephemeris_period",
    "ephemeris_period_err",
    "ephemeris_epoch",
    "ephemeris_epoch_err",
    "perihdist",
    "abs_mag",
    "slope",
]

REQUIRED_SIDEREAL_FIELDS = ["ra", "dec"]
REQUIRED_NON_SIDEREAL_FIELDS = [
    "scheme",
    "epoch_of_elements",
    "inclination",
    "lng_asc_node",
    "arg_of_perihelion",
    "eccentricity",
]
REQUIRED_NON_SIDEREAL_FIELDS_PER_SCHEME = {
    "MPC_COMET": ["perihdist", "epoch_of_perihelion"],
    "MPC_MINOR_PLANET": ["mean_anomaly", "semimajor_axis"],
    "JPL_MAJOR_PLANET": ["mean_daily_motion", "mean_anomaly", "semimajor_axis"],
}
# Columns that the product keeps for itself: never shown, exported or accepted from outside.
DERIVED_FIELDS = ["sky_index", "name_key"]
IGNORE_FIELDS = ["id", "created", "modified", "basetarget_ptr", *DERIVED_FIELDS]
