"""IRSA's service of Galactic dust reddening: a position in, E(B-V) out."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tom_common.remote import RemoteBadReply, RemoteService

NAME = "IRSA's dust service"
_MESSAGE = re.compile(r"<message>\s*(.*?)\s*</message>", re.S)


@dataclass(frozen=True)
class Reddening:
    """E(B-V) in the pixel of a position, mag, on two scales; that of 1998 is 1/0.86 of that of 2011."""

    ebv_sf11_mag: float
    ebv_sfd_mag: float


class IrsaDustClient:
    """Asks for the reddening of one position at a time.

    References
    ----------
    https://irsa.ipac.caltech.edu/applications/DUST/docs/dustProgramInterface.html; Schlafly & Finkbeiner (2011),
    doi:10.1088/0004-637X/737/2/103; Schlegel, Finkbeiner & Davis (1998), doi:10.1086/305772.
    """  # noqa: E501  an address

    def __init__(self, base_url: str) -> None:
        self._service = RemoteService(NAME, base_url, headers={"Accept": "text/xml, */*"})

    def reddening(self, ra_deg: float, dec_deg: float) -> Reddening:
        """Return the colour excess at a position.

        Parameters
        ----------
        ra_deg, dec_deg : float
            ICRS, degrees.

        Raises
        ------
        RemoteError
            If the service does not answer, says that it cannot, or answers with something else.
        """
        position = f"{ra_deg:.6f} {dec_deg:+.6f} equ j2000"
        text = self._service.get_text("nph-dust", {"locstr": position, "regSize": 2})
        if 'status="ok"' not in text[:2000]:
            said = _MESSAGE.search(text)
            what = " ".join(said[1].split())[:200] if said else "something that is not its table"
            raise RemoteBadReply(f"{NAME} answers: {what}")
        return Reddening(_value(text, "refPixelValueSandF"), _value(text, "refPixelValueSFD"))


def _value(text: str, tag: str) -> float:
    found = re.search(rf"<{tag}>\s*([-+.\deE]+)\s*\(mag\)\s*</{tag}>", text)
    try:
        value = float(found[1]) if found else -1.0
    except ValueError:
        value = -1.0
    if not 0.0 <= value < 1000.0:
        raise RemoteBadReply(f"{NAME} gives no {tag} in its answer.")
    return value
