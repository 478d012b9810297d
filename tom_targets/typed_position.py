"""What somebody means who typed a position into the form of a target: read in one place for form and page."""

from __future__ import annotations

from dataclasses import dataclass

from tom_common.astro.angles import parse_dec_deg, parse_iau_name, parse_position, parse_ra_deg


@dataclass(frozen=True)
class TypedPosition:
    """A position in ICRS degrees; `source` tells where it stood, `resolution_arcsec` what a name resolves."""

    ra_deg: float
    dec_deg: float
    source: str = ""
    resolution_arcsec: float | None = None

    @property
    def remark(self) -> str:
        """What to say of where the position comes from."""
        if self.resolution_arcsec is None:
            return self.source
        size = self.resolution_arcsec
        exactly = f"{size:.2g} arcsec" if size < 60 else f"{size / 60:.2g} arcmin"
        return f"{self.source}, which resolves {exactly}"


def typed_position(*, ra: str, dec: str, name: str = "") -> TypedPosition | None:
    """Return the position that was typed.

    Parameters
    ----------
    ra, dec : str
        The two boxes; a whole position or a designation may stand in the first alone.
    name : str
        Name of the target, which may be a designation with a position; it counts where both boxes are empty.

    Returns
    -------
    TypedPosition or None
        None where too little was typed.

    Raises
    ------
    ValueError
        If what was typed is not understood; the text says why.
    """
    ra, dec = ra.strip(), dec.strip()
    if ra and dec:
        return TypedPosition(parse_ra_deg(ra), parse_dec_deg(dec))
    if ra and (pair := parse_position(ra)) is not None:
        return TypedPosition(pair[0], pair[1], "from the box of the right ascension")
    designation = ra or (name if not dec else "")
    if designation and (found := parse_iau_name(designation)) is not None:
        source = f"from the designation {designation.strip()}"
        return TypedPosition(found.ra_deg, found.dec_deg, source, found.resolution_arcsec)
    if ra:
        parse_ra_deg(ra)  # says what is wrong with it
    return None
