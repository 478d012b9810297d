"""Light curves of the simulated objects: plausible peaks, time scales and colours in g, r and i."""

from tom_alerts.simulation.light_curves.base import (
    BANDS,
    LightCurve,
    black_body_mag_offset,
    distance_modulus,
    draw_from_counts,
    mag_to_njy,
    redshift_of_modulus,
)
from tom_alerts.simulation.light_curves.nuclei import ActiveNucleus, TidalDisruption, damped_random_walk
from tom_alerts.simulation.light_curves.outbursts import (
    DwarfFlare,
    DwarfNova,
    Kilonova,
    Nova,
    dwarf_nova_amplitude,
    dwarf_nova_decline,
    nova_absolute_mag,
)
from tom_alerts.simulation.light_curves.periodic import EclipsingBinary, Mira, RRLyrae
from tom_alerts.simulation.light_curves.supernovae import (
    StrippedSupernova,
    TypeIaSupernova,
    TypeIISupernova,
    type_ia_absolute_mag,
)

__all__ = [
    "BANDS",
    "ActiveNucleus",
    "DwarfFlare",
    "DwarfNova",
    "EclipsingBinary",
    "Kilonova",
    "LightCurve",
    "Mira",
    "Nova",
    "RRLyrae",
    "StrippedSupernova",
    "TidalDisruption",
    "TypeIISupernova",
    "TypeIaSupernova",
    "black_body_mag_offset",
    "damped_random_walk",
    "distance_modulus",
    "draw_from_counts",
    "dwarf_nova_amplitude",
    "dwarf_nova_decline",
    "mag_to_njy",
    "nova_absolute_mag",
    "redshift_of_modulus",
    "type_ia_absolute_mag",
]
