"""A simulated survey night and the two months before it, as ZTF alert packets: the way in."""

import datetime
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from tom_alerts.simulation.cutouts import make_stamps
from tom_alerts.simulation.light_curves import BANDS
from tom_alerts.simulation.measurement import History, is_noticed, measure
from tom_alerts.simulation.night import SurveyPlan
from tom_alerts.simulation.packets import PacketEncoder, single_packet_file, write_archive
from tom_alerts.simulation.population import CLASS_MIX, draw_population
from tom_alerts.simulation.records import candidate_record, forced_record, previous_record

SIMULATED_BROKER = "Simulated broker"
DEFAULT_SEED = 26
DEFAULT_OBJECTS = 300
LARGEST_SURVEY = 10_000


@dataclass(frozen=True)
class Classification:
    """What the simulated broker says of an object; now and then it is wrong or unsure."""

    class_name: str
    probability: float
    broker: str = SIMULATED_BROKER


@dataclass(frozen=True)
class ObjectFacts:
    """The truth about one simulated object, and a summary of what its packets hold.

    Angles are ICRS degrees, times UTC MJD, magnitudes AB of the difference image. ``elements`` has the field
    names of a non-sidereal target. ``is_new_tonight`` means that the first detection fell in the last night.
    """

    name: str
    class_name: str
    ra_deg: float
    dec_deg: float
    alerts: int  # packets
    detections: int
    first_detection_mjd: float
    last_detection_mjd: float
    newest_mag: float
    newest_band: str
    brightest_mag: float
    is_new_tonight: bool
    designation: str = ""
    place: str = ""
    redshift: float | None = None
    elements: dict[str, float | str] | None = None


@dataclass(frozen=True)
class SimulatedSurvey:
    """Everything that one simulated survey has seen; made by `simulate_survey`."""

    night: datetime.date
    seed: int
    histories: tuple[History, ...] = field(repr=False)
    first_mjd_of_night: float = field(repr=False)

    @cached_property
    def objects(self) -> tuple[ObjectFacts, ...]:
        """Facts about all objects, in the order of their names."""
        return tuple(self._facts(history) for history in self.histories)

    @cached_property
    def classifications(self) -> dict[str, Classification]:
        """What the simulated broker says, by object name; it is right in nine cases of ten."""
        return {history.source.name: self._classify(history) for history in self.histories}

    @property
    def alert_count(self) -> int:
        """Number of packets."""
        return len(self._schedule)

    def packets(self, *, cutouts: bool = True) -> Iterator[tuple[str, bytes]]:
        """Yield the packets in the order of their exposures.

        Parameters
        ----------
        cutouts : bool
            Whether the newest packet of each object carries images; all others have none.

        Yields
        ------
        name : str
            ``<candid>.avro``.
        content : bytes
            An Avro object container file with one alert of ZTF schema 4.02.
        """
        encoder = PacketEncoder()
        encoded = {id(history): _EncodedHistory(history, encoder) for history in self.histories}
        for _, number, history, row in self._schedule:
            stamps = None
            if cutouts and row == history.detections[-1]:
                stamps = self._stamps(history, row)
            parts = encoded[id(history)]
            before = [int(earlier) for earlier in history.rows_before(row)]
            record = encoder.alert(
                object_name=history.source.name,
                alert_number=number,
                candidate=encoder.candidate(candidate_record(history, row)),
                previous=[parts.previous(earlier) for earlier in before],
                forced=[parts.forced(earlier) for earlier in reversed(before)],
                stamps=stamps,
            )
            yield f"{number}.avro", single_packet_file(record)

    def write_archive(self, path: Path, *, cutouts: bool = True) -> int:
        """Write all packets as a nightly archive.

        Parameters
        ----------
        path : Path
            File to write; compressed if its name ends in ``gz``.
        cutouts : bool
            As for `packets`.

        Returns
        -------
        int
            Number of packets.
        """
        return write_archive(self.packets(cutouts=cutouts), path)

    @cached_property
    def _schedule(self) -> list[tuple[float, int, History, int]]:
        rows = [
            (float(history.exposures.mjd_utc[row]), int(history.alert_number[row]), history, row)
            for history in self.histories
            for row in history.kept_alerts(self.first_mjd_of_night)
        ]
        return sorted(rows, key=lambda item: item[:2])

    def _stamps(self, history: History, row: int) -> list[tuple[str, bytes]]:
        rng = np.random.default_rng([self.seed, self.night.toordinal(), 4, history.source.index])
        stamps = make_stamps(history, row, rng)
        stem = f"candid{history.alert_number[row]}_simulated"
        return [
            (f"{stem}_sci.fits.gz", stamps.science),
            (f"{stem}_ref.fits.gz", stamps.reference),
            (f"{stem}_diff.fits.gz", stamps.difference),
        ]

    def _facts(self, history: History) -> ObjectFacts:
        source, seen = history.source, history.detections
        times = history.exposures.mjd_utc[seen]
        return ObjectFacts(
            name=source.name,
            class_name=source.class_name,
            ra_deg=source.ra_deg,
            dec_deg=source.dec_deg,
            alerts=len(history.kept_alerts(self.first_mjd_of_night)),
            detections=len(seen),
            first_detection_mjd=float(times[0]),
            last_detection_mjd=float(times[-1]),
            newest_mag=float(history.mag[seen[-1]]),
            newest_band=BANDS[history.exposures.band[seen[-1]]],
            brightest_mag=float(np.nanmin(history.mag)),
            is_new_tonight=bool(times[0] >= self.first_mjd_of_night),
            designation=source.designation,
            place=source.place,
            redshift=source.redshift,
            elements=source.elements.as_target_fields() if source.elements else None,
        )

    def _classify(self, history: History) -> Classification:
        source = history.source
        rng = np.random.default_rng([self.seed, self.night.toordinal(), 5, source.index])
        if source.elements is not None:
            return Classification(source.class_name, 1.0)
        # More detections make the broker surer: 0.4 with one, above 0.9 with twenty.
        certainty = 1 - 0.6 * len(history.detections) ** -0.6
        probability = round(float(np.clip(certainty + rng.normal(0, 0.06), 0.3, 0.99)), 3)
        if rng.random() < 0.1:
            others = [name for name in CLASS_MIX if name != source.class_name]
            return Classification(str(rng.choice(others)), round(min(probability, 0.62), 3))
        return Classification(source.class_name, probability)


class _EncodedHistory:
    """Encoded rows of one object, each made when it is first asked for."""

    def __init__(self, history: History, encoder: PacketEncoder) -> None:
        self._history = history
        self._encoder = encoder
        self._previous: dict[int, bytes] = {}
        self._forced: dict[int, bytes] = {}

    def previous(self, row: int) -> bytes:
        if row not in self._previous:
            self._previous[row] = self._encoder.previous(previous_record(self._history, row))
        return self._previous[row]

    def forced(self, row: int) -> bytes:
        if row not in self._forced:
            self._forced[row] = self._encoder.forced(forced_record(self._history, row))
        return self._forced[row]


def simulate_survey(
    night: datetime.date, *, seed: int = DEFAULT_SEED, objects: int = DEFAULT_OBJECTS
) -> SimulatedSurvey:
    """Simulate a survey night and the two months before it.

    Parameters
    ----------
    night : datetime.date
        UT date of the night.
    seed : int
        Seed of all random numbers, not negative; the same night, seed and number of objects give the same
        bytes.
    objects : int
        Number of objects, 1 to 10,000; a few less come back where a drawn object is never noticed.

    Returns
    -------
    SimulatedSurvey
        Objects, classifications and packets.

    Raises
    ------
    ValueError
        If the night, the seed or the number of objects is out of range.
    """
    if not 1 <= objects <= LARGEST_SURVEY:
        raise ValueError(f"cannot simulate {objects} objects: choose 1 to {LARGEST_SURVEY}")
    if seed < 0:
        raise ValueError(f"the seed {seed} is negative")
    plan = SurveyPlan(night, np.random.default_rng([seed, night.toordinal(), 0]))
    sources = draw_population(
        plan,
        night=night,
        seed=seed,
        objects=objects,
        accepts=lambda source: is_noticed(source, plan.last_mjd),
    )
    used: Counter[int] = Counter()
    measured = [
        measure(source, np.random.default_rng([seed, night.toordinal(), 3, source.index]), used)
        for source in sources
    ]
    seen = tuple(history for history in measured if len(history.detections))
    return SimulatedSurvey(night, seed, seen, float(plan.last_mjd))
