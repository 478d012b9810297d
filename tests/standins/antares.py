"""A stand-in for ANTARES, both generations of its interface: five loci, and a small part of Elasticsearch."""

import json
import re
import struct
import zlib
from contextlib import contextmanager

from tests.standins.serving import StandIn, running

HEADER = (
    "time,alert_id,ant_mjd,ant_survey,ant_ra,ant_dec,ant_passband,ant_mag,ant_magerr,ant_maglim,"
    "ant_mag_corrected,ant_magerr_corrected"
)
LIGHT_CURVE = f"""{HEADER}
2026-10-01T06:00:00.000,ztf_upper_limit:ZTF26aabcdef-3400250,61314.25,2,,,g,,,20.4,,
2026-10-03T06:00:00.000,ztf_candidate:3402250000015000001,61316.25,1,150.1,-32.2,R,18.9,0.06,20.5,18.8,0.07
2026-10-04T06:00:00.000,ztf_candidate:3403250000015000002,61317.25,1,150.1,-32.2,g,19.1,0.08,20.3,,
2026-10-05T06:00:00.000,lsst:170000000000000009,61318.25,4,150.1,-32.2,i,19.0,0.01,24.1,,
"""


def _locus(letter, ra, dec, mag, count, tags=(), **more):
    return {
        "locus_id": f"ANT2026{letter * 6}",
        "ra": ra,
        "dec": dec,
        "properties": {
            "ztf_object_id": f"ZTF26{letter * 7}",
            "num_mag_values": count,
            "newest_alert_magnitude": mag,
            "newest_alert_observation_time": 61316.0 + count,
            "newest_alert_id": f"ztf_candidate:34{count:017d}",
            **more,
        },
        "tags": list(tags),
        "catalogs": ["milliquas"] if "nuclear_transient" in tags else [],
        "grav_wave_events": [],
    }


LOCI = [
    _locus("a", 150.1, -32.2, 18.9, 7, ["nuclear_transient"])
    | {"grav_wave_events": [{"gracedb_id": "S230518h"}]},
    _locus("b", 150.2, 2.2, 17.1, 30, ["high_snr", "nuclear_transient"]),
    _locus("c", 10.6847, 41.2688, 19.9, 3, ["in_m31"]),
    _locus("d", 0.0, 0.0, 20.4, 1, **{"survey": {"lsst": {"dia_object_id": ["170000000000000001"]}}}),
    _locus("e", 359.99, -89.9, 21.0, 2, ztf_ssnamenr="null"),
]
LOCI[3]["properties"]["ztf_object_id"] = None


def png_of_a_star(side=63):
    """Return a grey PNG with one star in its middle."""
    rows = [
        bytes(int(255 / (1 + ((x - side // 2) ** 2 + (y - side // 2) ** 2) / 12)) for x in range(side))
        for y in range(side)
    ]
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    parts = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


PNG = png_of_a_star()


class Antares(StandIn):
    """State of the stand-in; `queries` holds what it was asked."""

    def __init__(self):
        super().__init__()
        self.queries = []
        self.images_at = None

    def settings(self, version=2):
        return {"ANTARES": {"base_url": self.url, "api_version": version, "page_size": 2}}

    def answer(self, method, path, query, body, headers):
        version, _, rest = path.lstrip("/").partition("/")
        if rest == "loci":
            return 200, self.listed(version, query), "application/json"
        if rest == "loci/statistics":
            tags = {"nuclear_transient": 2, "high_snr": 1, "in_m31": 1}
            data = {"id": "1", "tags": tags, "catalogs": {"milliquas": 2}}
            return 200, {"data": data if version == "v2" else {"attributes": data}}, "application/json"
        if found := re.fullmatch(r"alerts/(\w+:\d+)/thumbnails", rest):
            return 200, self.thumbnails(version, found[1]), "application/json"
        if version == "storage":
            return 200, PNG, "image/png"
        if rest.startswith("loci/"):
            return self.one(version, rest.partition("/")[2])
        return 404, b"<html><title>Not found</title></html>", "text/html"

    def listed(self, version, query):
        key = "elasticsearch_query" if version == "v2" else "elasticsearch_query[locus_listing]"
        wanted = json.loads(query[key][0])["query"]
        self.queries.append(wanted)
        limit = int(query["limit" if version == "v2" else "page[limit]"][0])
        offset = int(query.get("offset" if version == "v2" else "page[offset]", ["0"])[0])
        found = [locus for locus in LOCI if fits(locus, wanted)]
        page = found[offset : offset + limit]
        following = None
        if offset + limit < len(found):
            names = ("limit", "offset") if version == "v2" else ("page[limit]", "page[offset]")
            following = f"{self.url}/{version}/loci?{key}={json.dumps({'query': wanted})}"
            following += f"&{names[0]}={limit}&{names[1]}={offset + limit}"
        if version == "v2":
            return {"data": [{"locus": locus} for locus in page], "meta": None, "links": {"next": following}}
        rows = [
            {"id": one["locus_id"], "type": "locus_listing", "attributes": {**one, "locus_id": None}}
            for one in page
        ]
        return {"data": rows, "links": {"next": following}, "meta": {"count": len(found)}}

    def thumbnails(self, version, alert_id):
        rows = [
            {"filename": f"{kind}.png", "filemime": "image/png", "thumbnail_type": kind}
            | {"src": f"{self.images_at or self.url}/storage/{alert_id}/{kind}.png"}
            for kind in ("template", "science", "difference")
        ]
        if version == "v1":
            return {"data": [{"id": kind["filename"], "attributes": kind} for kind in rows]}
        return {"data": [{"id": kind["filename"], **kind} for kind in rows], "meta": {}, "links": None}

    def one(self, version, locus_id):
        found = next((locus for locus in LOCI if locus["locus_id"] == locus_id), None)
        if found is None:
            return 404, {"errors": [{"detail": "not found"}]}, "application/json"
        whole = {**found, "lightcurve": LIGHT_CURVE if found is LOCI[0] else f"{HEADER}\n"}
        if version == "v1":
            return 200, {"data": {"id": locus_id, "attributes": whole}}, "application/json"
        properties = whole.pop("properties")
        split = dict(list(properties.items())[:2]), dict(list(properties.items())[2:])
        whole |= {"id": whole.pop("locus_id"), "internal_properties": split[0], "user_properties": split[1]}
        return 200, {"data": whole, "meta": {}, "links": None}, "application/json"


def fits(locus, query):
    """Tell whether a locus fits a query of terms, ranges and circles."""
    filters = query["bool"]["filter"] if "bool" in query else query
    for one in filters if isinstance(filters, list) else [filters]:
        kind, inside = next(iter(one.items()))
        if kind == "bool":
            if not fits(locus, one):
                return False
        elif kind == "sky_distance":
            if not _is_near(locus, inside):
                return False
        elif kind in ("terms", "range"):
            field, limits = next(iter(inside.items()))
            value = _value(locus, field)
            if kind == "terms" and not set(limits) & set(value if isinstance(value, list) else [value]):
                return False
            if kind == "range" and not limits.get("gte", -1e9) <= value <= limits.get("lte", 1e9):
                return False
    return True


def _value(locus, field):
    value = locus
    for part in field.split("."):
        value = (value or {}).get(part)
    return value


def _is_near(locus, circle):
    if "htm16" in circle:
        ra, dec = (float(part) for part in circle["htm16"]["center"].split())
        radius = float(circle["distance"].split()[0])
    else:
        h, m, s, sign, d, dm, ds = re.fullmatch(
            r"(\d+)h(\d+)m([\d.]+)s ([+-])(\d+)d(\d+)m([\d.]+)s", circle["location"]
        ).groups()
        ra = 15 * (int(h) + int(m) / 60 + float(s) / 3600)
        dec = (int(d) + int(dm) / 60 + float(ds) / 3600) * (-1 if sign == "-" else 1)
        radius = float(circle["radius"].split()[0])
    return abs(locus["ra"] - ra) <= radius and abs(locus["dec"] - dec) <= radius


@contextmanager
def antares():
    """Give the state of a running stand-in."""
    with running(Antares()) as state:
        yield state
