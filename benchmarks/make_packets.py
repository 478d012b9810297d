"""Write many synthetic ZTF 4.02 alert packets, to measure the ingest.

Each object gives 20 alerts. A packet holds 20 previous and 10 forced points; against the packet before it
3 of these 30 are new (1 previous, 2 forced), and so is the detection that it announces. The first packet of
an object brings 31 points, all new: the 20 packets of an object hold 31 + 19 * 4 = 107 different points.
"""

import argparse
import datetime
import hashlib
import itertools
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tom_alerts.simulation import simulate_survey  # noqa: E402
from tom_alerts.simulation.cutouts import STAMP_PIXELS, fits_gz  # noqa: E402
from tom_alerts.simulation.measurement import History, alert_number, image_numbers  # noqa: E402
from tom_alerts.simulation.night import mjd_of_night  # noqa: E402
from tom_alerts.simulation.packets import (  # noqa: E402
    SYNC_BYTES,
    PacketEncoder,
    container_block,
    container_head,
    single_packet_file,
    write_archive,
)
from tom_alerts.simulation.population import object_name  # noqa: E402
from tom_alerts.simulation.records import candidate_record, forced_record, previous_record  # noqa: E402

PREVIOUS_POINTS = 20
FORCED_POINTS = 10
EXPOSURES_PER_ALERT = 2
NAMES_PER_SEED = 26**3
CHANNELS = 64
FIRST_FRACTION, FRACTIONS = 20_000, 30_000  # of a day, in 1e-5
STAMP_POOL = 64
BLOCK_RECORDS = 100


@dataclass(frozen=True)
class Templates:
    """Complete records of a simulated star; the tool changes what differs between packets."""

    candidate: dict[str, Any]
    detection: dict[str, Any]
    limit: dict[str, Any]
    forced: dict[str, Any]


def make_templates(night: datetime.date) -> Templates:
    survey = simulate_survey(night, seed=1, objects=24)
    history = next(found for found in survey.histories if _has_limit_and_detection(found))
    seen, unseen = int(history.detections[-1]), int(np.flatnonzero(~history.detected)[0])
    return Templates(
        candidate_record(history, seen),
        previous_record(history, seen),
        previous_record(history, unseen),
        {**forced_record(history, seen), "procstatus": "0"},
    )


def _has_limit_and_detection(history: History) -> bool:
    return history.source.elements is None and not history.detected.all() and history.detected.any()


class ObjectPackets:
    """The packets of one object; each point is encoded once."""

    def __init__(
        self,
        index: int,
        *,
        alerts: int,
        night_mjd: int,
        seed: int,
        templates: Templates,
        encoder: PacketEncoder,
    ) -> None:
        rng = np.random.default_rng([seed, index])
        self._encoder, self._templates = encoder, templates
        self._night = datetime.date.fromordinal(night_mjd + 678576)
        self.name = object_name(self._night, seed + index // NAMES_PER_SEED, index % NAMES_PER_SEED)
        count = PREVIOUS_POINTS + EXPOSURES_PER_ALERT * alerts
        nights = night_mjd - (3 * (count - 1)) // 2 + (3 * np.arange(count)) // 2
        fraction = (FIRST_FRACTION + (index // CHANNELS) % FRACTIONS + 0.5) * 1e-5
        self._jd = np.round(nights + fraction + 2400000.5, 7)
        images = image_numbers(nights + fraction, np.full(count, index % CHANNELS))
        self._image = images.tolist()
        self._alert = [alert_number(image, 1 + index // (CHANNELS * FRACTIONS)) for image in self._image]
        self._mag = (rng.uniform(15, 19.5) + 0.4 * rng.standard_normal(count)).tolist()
        self._ra = float(rng.uniform(0, 360))
        self._dec = float(np.degrees(np.arcsin(rng.uniform(-0.5, 1.0))))
        self._previous: dict[int, bytes] = {}
        self._forced: dict[int, bytes] = {}

    def _point(self, exposure: int) -> dict[str, Any]:
        return {
            "jd": float(self._jd[exposure]),
            "fid": 1 + exposure // 2 % 2,
            "pid": self._image[exposure],
            "nid": self._image[exposure] // 10**9,
            "diffmaglim": 20.0 + 0.01 * (exposure % 50),
        }

    def _seen(self, exposure: int) -> dict[str, Any]:
        return {
            **self._point(exposure),
            "candid": self._alert[exposure],
            "ra": self._ra,
            "dec": self._dec,
            "magpsf": self._mag[exposure],
            "sigmapsf": 0.05,
        }

    def _previous_point(self, exposure: int) -> bytes:
        if exposure not in self._previous:
            is_limit = exposure % 4 == 1
            template = self._templates.limit if is_limit else self._templates.detection
            changed = self._point(exposure) if is_limit else self._seen(exposure)
            self._previous[exposure] = self._encoder.previous({**template, **changed})
        return self._previous[exposure]

    def _forced_point(self, exposure: int) -> bytes:
        if exposure not in self._forced:
            flux = 10 ** (0.4 * (self._templates.forced["magzpsci"] - self._mag[exposure]))
            changed = {**self._point(exposure), "forcediffimflux": flux, "forcediffimfluxunc": 0.05 * flux}
            self._forced[exposure] = self._encoder.forced({**self._templates.forced, **changed})
        return self._forced[exposure]

    def packet(self, number: int, stamps: tuple[bytes, bytes, bytes] | None) -> tuple[str, bytes]:
        exposure = PREVIOUS_POINTS + EXPOSURES_PER_ALERT * number
        candid = self._alert[exposure]
        kinds = ("sci", "ref", "diff")
        record = self._encoder.alert(
            object_name=self.name,
            alert_number=candid,
            candidate=self._encoder.candidate({**self._templates.candidate, **self._seen(exposure)}),
            previous=[self._previous_point(row) for row in range(exposure - PREVIOUS_POINTS, exposure)],
            forced=[self._forced_point(row) for row in range(exposure - FORCED_POINTS, exposure)],
            stamps=stamps
            and [
                (f"candid{candid}_{kind}.fits.gz", stamp) for kind, stamp in zip(kinds, stamps, strict=True)
            ],
        )
        return f"{candid}.avro", record


def make_stamp_pool(seed: int) -> list[tuple[bytes, bytes, bytes]]:
    """Stamps of the size of real ones (about 13 kB each): noise at full precision does not compress."""
    rng = np.random.default_rng([seed, 99])
    shape = (STAMP_PIXELS, STAMP_PIXELS)
    triples = []
    for _ in range(STAMP_POOL):
        science, reference, difference = (
            fits_gz(rng.normal(150.0, 8.0, shape), step_dn=0.0) for _ in range(3)
        )
        triples.append((science, reference, difference))
    return triples


def make_records(options: argparse.Namespace) -> Iterator[tuple[str, bytes]]:
    """Yield file names and encoded records; the alerts of a group of objects take turns, as in a stream."""
    templates, encoder = make_templates(options.night), PacketEncoder()
    pool = make_stamp_pool(options.seed) if options.cutouts else None
    left = options.packets
    serial = itertools.count()
    first = 0
    while left:
        objects = [
            ObjectPackets(
                first + member,
                alerts=options.alerts,
                night_mjd=mjd_of_night(options.night),
                seed=options.seed,
                templates=templates,
                encoder=encoder,
            )
            for member in range(min(options.group, -(-left // options.alerts)))
        ]
        first += options.group
        for number in range(options.alerts):
            for source in objects[: max(left, 0)]:
                left -= 1
                yield source.packet(number, pool[next(serial) % STAMP_POOL] if pool else None)


def write_container(records: Iterator[tuple[str, bytes]], path: Path, *, deflate: bool) -> int:
    count = 0
    sync = hashlib.blake2b(path.name.encode(), digest_size=SYNC_BYTES).digest()
    with path.open("wb") as target:
        target.write(container_head(sync, deflate=deflate))
        while block := [record for _, record in itertools.islice(records, BLOCK_RECORDS)]:
            target.write(container_block(block, sync, deflate=deflate))
            count += len(block)
    return count


def parse_options(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("packets", type=int, help="number of packets")
    parser.add_argument("output", type=Path, help="file to write: .tar, .tar.gz, or .avro with --container")
    parser.add_argument("--container", action="store_true", help="one Avro file with all records, not a tar")
    parser.add_argument("--deflate", action="store_true", help="compress the blocks of the container")
    parser.add_argument("--cutouts", action="store_true", help="three images a packet, not nulls")
    parser.add_argument("--alerts", type=int, default=20, help="alerts an object (20)")
    parser.add_argument("--group", type=int, default=500, help="objects whose alerts take turns (500)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the random numbers (1)")
    parser.add_argument(
        "--night", type=datetime.date.fromisoformat, default=datetime.date(2026, 1, 1), help="last night"
    )
    options = parser.parse_args(arguments)
    if min(options.packets, options.alerts, options.group) < 1 or options.seed < 0:
        parser.error("packets, --alerts and --group must be positive, --seed not negative")
    return options


def main(arguments: list[str] | None = None) -> None:
    options = parse_options(arguments)
    started = time.perf_counter()
    records = make_records(options)
    if options.container:
        count = write_container(records, options.output, deflate=options.deflate)
    else:
        files = ((name, single_packet_file(record)) for name, record in records)
        count = write_archive(files, options.output, compress_level=1)
    took = time.perf_counter() - started
    megabytes = options.output.stat().st_size / 1e6
    print(
        f"{count} packets, {megabytes:.1f} MB, {took:.1f} s ({count / took:.0f} packets/s): {options.output}"
    )


if __name__ == "__main__":
    main()
