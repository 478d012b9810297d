"""What the surveys share: the shape of a survey module, and how facts and images are gathered for objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from tom_common.astro.time import NO_TIME

from ..batch import AlertObject, Cutout, PointColumns
from ..framing import RawPacket
from ..lockstep import Node
from ..table import Table

MAX_EXACT_INTEGER = 2**53
MAX_FLOAT32 = 3.4e38
MAX_NAME = 100
"""Characters in the name of a target."""
NUMBER_SENTINELS = (-999.0, -9999.0, -99999.0, 999.0)
"""Numbers that surveys write where they have no value (brokers.md, section 0; desc data README)."""

Facts = list[dict[str, str | float | bool]]


@dataclass
class Normalised:
    """Packets of one survey brought to the common form.

    Attributes
    ----------
    bands : list of str
        Names that ``points.band`` points into.
    objects : list of AlertObject
        One for each packet that is not in `rejected`.
    points : PointColumns
        Their points; ``object_index`` counts `objects`.
    rejected : dict of int to str
        Row -> reason for packets that are well-formed but say too little.
    left_out : int
        Measurements without a usable value.
    is_simulated : bool
        The packets say that they are made up.
    """

    bands: list[str]
    objects: list[AlertObject]
    points: PointColumns
    rejected: dict[int, str] = field(default_factory=dict)
    left_out: int = 0
    is_simulated: bool = False


@dataclass(frozen=True)
class SurveyFormat:
    """How to recognise and read the packets of one survey.

    Attributes
    ----------
    survey, telescope, instrument : str
        As they stand in an `AlertBatch`.
    recognises : callable
        Tells from a compiled schema whether it is one of this survey's.
    wanted : tuple of str
        Paths of the fields to decode.
    cutouts : tuple of str
        Paths of the images, decoded on demand.
    read : callable
        Brings a decoded table to the common form.
    magnitude_system : str
        Of its magnitudes and limits.
    """

    survey: str
    telescope: str
    instrument: str
    recognises: Callable[[Node], bool]
    wanted: tuple[str, ...]
    cutouts: tuple[str, ...]
    read: Callable[[Table, Sequence[RawPacket]], Normalised]
    magnitude_system: str = "AB"


def below(parent: str, names: str) -> tuple[str, ...]:
    """Give the dotted paths of some fields (names separated by blanks) of a record."""
    return tuple(f"{parent}.{name}" for name in names.split())


def add_texts(facts: Facts, key: str, values: Iterable[str | None]) -> None:
    """Note a text for each object that has one."""
    for fact, value in zip(facts, values, strict=True):
        if value is not None:
            fact[key] = value


def add_numbers(facts: Facts, key: str, values: np.ndarray, keep: np.ndarray | None = None) -> None:
    """Note a number for each object that has one; sentinels and what is not finite are no numbers.

    Float32 values are rounded to the seven digits they hold.
    """
    kept = np.isfinite(values) & ~np.isin(values, NUMBER_SENTINELS)
    if keep is not None:
        kept &= keep
    for fact, value, is_kept in zip(facts, values.tolist(), kept.tolist(), strict=True):
        if is_kept:
            fact[key] = value


def add_float32(facts: Facts, key: str, values: np.ndarray, keep: np.ndarray | None = None) -> None:
    """Note numbers that the survey holds as float32, as the shortest decimals that stand for them."""
    kept = (np.abs(values) < MAX_FLOAT32) & ~np.isin(values, NUMBER_SENTINELS)
    if keep is not None:
        kept &= keep
    for row in np.flatnonzero(kept).tolist():
        facts[row][key] = float(str(np.float32(values[row])))


def add_integers(facts: Facts, key: str, values: np.ndarray, keep: np.ndarray) -> None:
    """Note whole numbers; those that a float cannot hold exactly are noted as text."""
    for fact, value, is_kept in zip(facts, values.tolist(), keep.tolist(), strict=True):
        if is_kept:
            fact[key] = value if abs(value) <= MAX_EXACT_INTEGER else str(value)


def add_flags(facts: Facts, key: str, values: np.ndarray, keep: np.ndarray) -> None:
    """Note true or false for each object that has it."""
    for fact, value, is_kept in zip(facts, values.tolist(), keep.tolist(), strict=True):
        if is_kept:
            fact[key] = value


def gather_cutouts(images: Sequence[tuple[str, list[bytes | None]]], rows: int) -> list[tuple[Cutout, ...]]:
    """Join the images of each object.

    Parameters
    ----------
    images : sequence of (str, list of bytes or None)
        Role, and the image of each row.
    rows : int
        Number of rows.
    """
    found: list[list[Cutout]] = [[] for _ in range(rows)]
    for role, contents in images:
        for cutouts, content in zip(found, contents, strict=True):
            if content is not None:
                extension = ".fits.gz" if content.startswith(b"\x1f\x8b") else ".fits"
                cutouts.append(Cutout(role, content, extension))
    return [tuple(cutouts) for cutouts in found]


def unusable_packets(names: Sequence[str | None], time_us: np.ndarray) -> dict[int, str]:
    """Give row -> reason for packets that name no object, or one that no target can be called, or no time."""
    rejected = {row: "the alert has no time" for row in np.flatnonzero(time_us == NO_TIME).tolist()}
    for row, name in enumerate(names):
        if not name:
            rejected[row] = "the packet names no object"
        elif len(name) > MAX_NAME:
            rejected[row] = f"the name of the object has more than {MAX_NAME} characters"
    return rejected


def object_numbers(rejected: dict[int, str], rows: int) -> np.ndarray:
    """Give the number of the object of each row, -1 where the row is rejected; shape (rows,)."""
    kept = np.ones(rows, dtype=bool)
    kept[list(rejected)] = False
    return np.where(kept, np.cumsum(kept) - 1, -1)


def is_simulated(publishers: Iterable[str | None]) -> bool:
    """Tell whether any publisher says that the packets are simulated."""
    return any(publisher is not None and "simulat" in publisher.lower() for publisher in publishers)
