"""What the decoders hand to the database writer: alerts of one survey as objects and columns of points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray


class PointKind(IntEnum):
    """What a photometric point is."""

    DETECTION = 0
    LIMIT = 1
    FORCED = 2


@dataclass(frozen=True)
class Cutout:
    """One image of an alert.

    Attributes
    ----------
    role : str
        ``science``, ``reference`` or ``difference``.
    content : bytes
        FITS as in the packet (gzipped by ZTF, DECam and WINTER, plain by Rubin).
    extension : str
        ``.fits.gz`` or ``.fits``.
    """

    role: str
    content: bytes
    extension: str


@dataclass
class AlertObject:
    """What one packet says of its object.

    Attributes
    ----------
    name : str
        Name of the target.
    aliases : tuple of str
        Further names.
    is_sidereal : bool
        False for a solar-system object.
    ra_deg, dec_deg : float
        ICRS position, deg; NaN where unknown.
    mjd_utc : float
        Time of the alert, d, UTC; the facts of the newest packet win.
    alert_id : str
        Number of the alert (``candid``, ``diaSourceId``) as text.
    extras : dict
        Facts worth keeping, without missing values; numbers above 2**53 are text.
    cutouts : tuple of Cutout
        Images of this alert.
    orbit : dict or None
        Elements of a solar-system object under the field names of a target, None if they are not complete.
    file : str
        Name of the file that the packet came from.
    number : int
        Number of the packet in that file, from 1.
    """

    name: str
    aliases: tuple[str, ...]
    is_sidereal: bool
    ra_deg: float
    dec_deg: float
    mjd_utc: float
    alert_id: str
    extras: dict[str, str | float | bool]
    cutouts: tuple[Cutout, ...]
    orbit: dict[str, str | float] | None
    file: str
    number: int


_DTYPES = {
    "object_index": np.int32,
    "time_us": np.int64,
    "kind": np.uint8,
    "band": np.int16,
    "brightness": np.float64,
    "brightness_error": np.float64,
    "limit": np.float64,
    "is_flux": np.bool_,
    "is_negative": np.bool_,
    "survey_id": np.int64,
    "exposure_s": np.float64,
    "ra_deg": np.float64,
    "dec_deg": np.float64,
}


@dataclass
class PointColumns:
    """Points of all objects of a batch; every column has the shape (n,).

    Attributes
    ----------
    object_index : ndarray of int32
        Place of the object in `AlertBatch.objects`.
    time_us : ndarray of int64
        Microseconds since 1970-01-01 UTC.
    kind : ndarray of uint8
        `PointKind`.
    band : ndarray of int16
        Place of the band in `AlertBatch.bands`.
    brightness, brightness_error : ndarray of float64
        Magnitude (AB) or flux (nJy, signed) and its 1-sigma error; NaN where there is none.
    limit : ndarray of float64
        Limiting magnitude of limits; NaN on every other point.
    is_flux : ndarray of bool
        True: brightness in nJy; False: in mag.
    is_negative : ndarray of bool
        The magnitude is of a negative difference (fainter than the reference image).
    survey_id : ndarray of int64
        The survey's number of the measurement, 0 where it gives none.
    exposure_s : ndarray of float64
        Exposure time, s; NaN where unknown.
    ra_deg, dec_deg : ndarray of float64
        Measured position, ICRS deg; NaN where there is none.
    """

    object_index: NDArray[np.int32]
    time_us: NDArray[np.int64]
    kind: NDArray[np.uint8]
    band: NDArray[np.int16]
    brightness: NDArray[np.float64]
    brightness_error: NDArray[np.float64]
    limit: NDArray[np.float64]
    is_flux: NDArray[np.bool_]
    is_negative: NDArray[np.bool_]
    survey_id: NDArray[np.int64]
    exposure_s: NDArray[np.float64]
    ra_deg: NDArray[np.float64]
    dec_deg: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.time_us)

    @classmethod
    def of(cls, count: int, **columns: ArrayLike) -> PointColumns:
        """Make `count` points from some columns (arrays or scalars); the others are empty.

        Empty means NaN for floats, False, or 0; what is infinite becomes NaN.
        """
        made = {}
        for name, dtype in _DTYPES.items():
            default = np.nan if dtype is np.float64 else 0
            column = np.asarray(columns.pop(name, default), dtype=dtype)
            if dtype is np.float64 and np.isinf(column).any():
                column = np.where(np.isinf(column), np.nan, column)
            made[name] = column if column.shape == (count,) else np.broadcast_to(column, (count,)).copy()
        if columns:
            raise TypeError(f"points have no column {sorted(columns)}")
        return cls(**made)

    @classmethod
    def joined(cls, parts: Sequence[PointColumns]) -> PointColumns:
        """Put several sets of points behind one another."""
        if not parts:
            return cls.of(0)
        return cls(
            **{one.name: np.concatenate([getattr(part, one.name) for part in parts]) for one in fields(cls)}
        )

    def take(self, rows: np.ndarray) -> PointColumns:
        """Give some of the points, by number or by mask."""
        return PointColumns(**{one.name: getattr(self, one.name)[rows] for one in fields(self)})


@dataclass
class Rejection:
    """A packet that could not be read, with its bytes, so that it can be kept aside.

    Number 0 stands for the file as a whole.
    """

    file: str
    number: int
    reason: str
    content: bytes

    def __str__(self) -> str:
        return f"{self.file}{f' packet {self.number}' if self.number else ''}: {self.reason}"


@dataclass
class AlertBatch:
    """Alerts of one survey.

    Attributes
    ----------
    survey : str
        ``ZTF``, ``LSST``, ``ELAsTiCC``, ``DECam`` or ``WINTER``; empty if nothing but rejections is in here.
    telescope, instrument : str
        Where the points were measured.
    magnitude_system : str
        Of magnitudes and limits (``AB``).
    bands : list of str
        Plain band names.
    objects : list of AlertObject
        One for each packet; several may be of the same target.
    points : PointColumns
        All points of these packets; a point may be repeated.
    rejected : list of Rejection
        Packets that could not be read, found on the way to this batch.
    received : int
        Packets read and rejected.
    points_left_out : int
        Measurements that hold no usable value (failed forced photometry, withdrawn sources).
    is_simulated : bool
        The survey says that its data are made up.
    """

    survey: str
    telescope: str = ""
    instrument: str = ""
    magnitude_system: str = "AB"
    bands: list[str] = field(default_factory=list)
    objects: list[AlertObject] = field(default_factory=list)
    points: PointColumns = field(default_factory=lambda: PointColumns.of(0))
    rejected: list[Rejection] = field(default_factory=list)
    received: int = 0
    points_left_out: int = 0
    is_simulated: bool = False
