"""Seven nights of simulated alerts for ``benchmarks.week``: archives, and messages sent beside.

ZTF objects come back every third night, some with images; Rubin and ELAsTiCC objects are made of the real
and simulated samples. Of each night of ZTF some alerts are sent again a night later, and some come only three
nights later, when newer ones of the same objects are there already.
"""

import datetime as dt
import io
import itertools
import json
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fastavro

from benchmarks.databases import ROOT
from benchmarks.make_packets import STAMP_POOL, ObjectPackets, make_stamp_pool, make_templates
from benchmarks.stream_packets import RUBIN_ALERTS, rubin_messages
from tom_alerts.simulation.night import mjd_of_night
from tom_alerts.simulation.packets import PacketEncoder, single_packet_file, write_archive

NIGHTS = 7
EVERY = 3  # nights between two alerts of a ZTF object
ZTF_PER_OBJECT = 3
ELASTICC_SAMPLE = "data/alerts/elasticc/elasticc_v0_9_11290844.avro"
RUBIN, ELASTICC, NOTICES, NEWS = "rubin-alerts", "elasticc-alerts", "notices", "week.news"
REPEATED, LATE = 0.03, 0.03
IMAGES_EVERY = 60
MARK = b"\0" * 16

Packet = tuple[str, bytes]


@dataclass
class Night:
    """What comes in one night: archives by topic, and messages by topic that no archive holds."""

    date: dt.date
    archives: dict[str, Path] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    messages: dict[str, list[bytes]] = field(default_factory=dict)

    @property
    def ztf(self) -> str:
        """Name of the topic of ZTF, which has the date in it."""
        return f"ztf_{self.date:%Y%m%d}_programid1"


def make_week(folder: Path, last: dt.date, *, ztf: int, seed: int) -> list[Night]:
    """Write the archives of seven nights.

    Parameters
    ----------
    folder : Path
        Where the archives go.
    last : datetime.date
        UT date of the last night.
    ztf : int
        About how many alerts of ZTF there are in all; a thirtieth of that of ELAsTiCC, a sixtieth of Rubin.
    seed : int
        Of all random numbers.
    """
    nights = [Night(last - dt.timedelta(days=NIGHTS - 1 - number)) for number in range(NIGHTS)]
    for number, (packets, others) in enumerate(_ztf_nights(last, ztf, seed)):
        _put(nights[number], nights[number].ztf, folder, packets)
        nights[number].messages = _messages(number, nights[number], others)
    rubin = list(rubin_messages(max(RUBIN_ALERTS, ztf // 60)))
    for number, night in enumerate(nights):
        # The alerts of a Rubin object follow one another; one comes each night, the newest twice.
        some = [one for place, one in enumerate(rubin) if (place + place // RUBIN_ALERTS) % NIGHTS == number]
        _put(night, RUBIN, folder, [(f"{place}.avro", one) for place, one in enumerate(some)])
    for number, packets in enumerate(_elasticc_nights(max(3, ztf // 30))):
        _put(nights[number], ELASTICC, folder, packets)
    return nights


def _put(night: Night, topic: str, folder: Path, packets: Sequence[Packet]) -> None:
    if not packets:  # a small week has nights without
        return
    path = folder / f"{night.date:%Y%m%d}-{topic}.tar"
    night.counts[topic] = write_archive(packets, path)
    night.archives[topic] = path


def _ztf_nights(last: dt.date, count: int, seed: int) -> Iterator[tuple[list[Packet], list[bytes]]]:
    """Give the alerts of each night, and those of earlier nights that come with them."""
    luck = random.Random(seed)  # noqa: S311  no secret hangs on it
    templates, encoder, pool = make_templates(last), PacketEncoder(), make_stamp_pool(seed)
    serial = itertools.count()
    nights: list[list[Packet]] = [[] for _ in range(NIGHTS)]
    for place in range(EVERY):
        for index in range(max(1, count // NIGHTS)):
            source = ObjectPackets(
                index,
                alerts=ZTF_PER_OBJECT,
                night_mjd=mjd_of_night(last) + 1 + place,
                seed=seed + place,
                templates=templates,
                encoder=encoder,
            )
            for number in range(ZTF_PER_OBJECT):
                where = NIGHTS - 1 + place - EVERY * (ZTF_PER_OBJECT - 1 - number)
                if 0 <= where < NIGHTS:
                    turn = next(serial)
                    stamps = pool[turn % STAMP_POOL] if turn % IMAGES_EVERY == 0 else None
                    name, record = source.packet(number, stamps)
                    nights[where].append((name, single_packet_file(record)))
    others: list[list[bytes]] = [[] for _ in range(NIGHTS)]
    for number, packets in enumerate(nights):
        own = []
        for packet in packets:
            draw = luck.random()
            if draw < LATE and number + EVERY < NIGHTS:
                others[number + EVERY].append(packet[1])
                continue
            own.append(packet)
            if draw > 1 - REPEATED and number + 1 < NIGHTS:
                others[number + 1].append(packet[1])
        luck.shuffle(own)
        yield own, others[number]


def _elasticc_nights(count: int) -> Iterator[list[Packet]]:
    """Give simulated alerts of objects made of the one of the sample, each object on three nights."""
    sample = Path(os.environ.get("TOM_SHARED") or ROOT.parent / "shared") / ELASTICC_SAMPLE
    with sample.open("rb") as file:
        reader = fastavro.reader(file)
        schema = reader.writer_schema
        records = [record for record in reader if isinstance(record, dict)]
    records.sort(key=lambda record: record["diaSource"]["midPointTai"])
    nights: list[list[Packet]] = [[] for _ in range(NIGHTS)]
    for serial in range(max(1, count // len(records))):
        for step, record in enumerate(records):
            shifted = _shifted(record, serial)
            content = io.BytesIO()
            fastavro.writer(content, schema, [shifted], sync_marker=bytes(range(16)))
            nights[(serial + 2 * step) % NIGHTS].append((f"{shifted['alertId']}.avro", content.getvalue()))
    yield from nights


def _shifted(record: dict[str, Any], serial: int) -> dict[str, Any]:
    """Give the alert of another object, at another place."""
    shift = serial * 1_000_003
    owner = record["diaObject"]["diaObjectId"] + shift
    ra, dec = (record["diaObject"]["ra"] + 0.37 * serial) % 360, (7.3 * serial) % 160 - 80

    def point(one: dict[str, Any], key: str) -> dict[str, Any]:
        moved = {**one, "diaObjectId": owner, key: one[key] + shift}
        return {**moved, "ra": ra, "decl": dec} if "ra" in one else moved

    return {
        **record,
        "alertId": record["alertId"] + shift,
        "diaSource": point(record["diaSource"], "diaSourceId"),
        "prvDiaSources": [point(one, "diaSourceId") for one in record["prvDiaSources"] or ()],
        "prvDiaForcedSources": [
            point(one, "diaForcedSourceId") for one in record["prvDiaForcedSources"] or ()
        ],
        "diaObject": {**record["diaObject"], "diaObjectId": owner, "ra": ra, "decl": dec},
    }


def _messages(number: int, night: Night, others: Sequence[bytes]) -> dict[str, list[bytes]]:
    """Give what no archive holds.

    Alerts of earlier nights, messages in JSON for handlers, and those that nobody can use, each different
    from the others.
    """
    notices = [json.dumps({"name": f"NOTICE{one % 17}", "flux": one}).encode() for one in range(60)]
    news = [json.dumps({"name": f"NEWS{one % 7}", "count": one}).encode() for one in range(30)]
    poison = [f"{{no alert {number}.{one}".encode() for one in range(5)]
    return {
        NOTICES: [*notices[:30], f"[{number}, NaN".encode(), *notices[30:], b'{"name": "BAD%d"}' % number],
        NEWS: [*news[:10], f"not JSON {number}".encode(), *news[10:]],
        night.ztf: [*others, *poison, b"Obj\x01 cut off %d" % number, b"\xff\xd8 a picture %d" % number],
        RUBIN: [b"\0\0\0\x03\x84 cut off %d" % number],
        ELASTICC: [b"Obj\x01 cut off, too %d" % number],
    }
