"""Stand-ins for the TAP services of the Gaia archive and of VizieR: rows of a few tables.

Gaia's are the recorded rows of the shared data; those of VizieR are made up in the shape that its TAP gives.
"""

import json
import re

TABLES = {
    "B/vsx/vsx": {
        "Name": "RR Lyr",
        "RAJ2000": 291.36630,
        "DEJ2000": 42.78436,
        "Type": "RRAB/BL",
        "Period": 0.5668378,
        "max": 7.06,
        "min": 8.12,
        "Sp": "A5.0-F7.0  ",
    },
    "I/311/hip2": {
        "HIP": 95497,
        "RArad": 291.36630,
        "DErad": 42.78436,
        "Plx": 3.46,
        "pmRA": -109.68,
        "pmDE": -195.49,
        "e_Plx": 0.64,
        "Hpmag": 7.6,
        "B-V": None,
    },
    "I/259/tyc2": {
        "TYC1": 3142,
        "TYC2": 494,
        "TYC3": 1,
        "RAmdeg": 291.36617,
        "DEmdeg": 42.78414,
        "pmRA": -109.9,
        "pmDE": -194.5,
        "BTmag": 8.0,
        "VTmag": 7.7,
    },
    "II/246/out": {
        "2MASS": "19252793+4247040",
        "RAJ2000": 291.366375,
        "DEJ2000": 42.784447,
        "Jmag": 6.755,
        "Hmag": 6.598,
        "Kmag": 6.494,
    },
    "II/328/allwise": {
        "AllWISE": "J192527.89+424702.8",
        "RAJ2000": 291.3662117,
        "DEJ2000": 42.7841202,
        "W1mag": 6.47,
        "W2mag": 6.46,
        "W3mag": 6.46,
        "W4mag": 6.4,
    },
}


def gaia(adql, recorded):
    """Answer a statement about Gaia with the recorded rows of its number, or of its place."""
    found = json.loads((recorded / "gaia" / "cone_search.json").read_text())
    names = [column["name"] for column in found["metadata"]]
    number = re.search(r"source_id = (\d+)", adql)
    rows = found["data"]
    if number:
        rows = [row for row in rows if row[names.index("source_id")] == int(number[1])]
    else:
        rows = [row for row in rows if is_near(adql, row[names.index("ra")], row[names.index("dec")])]
    return {"metadata": found["metadata"], "data": rows[:1]}


def vizier(adql):
    """Answer a statement about one table of VizieR."""
    table = re.search(r'FROM "([^"]+)"', adql)[1]
    row = TABLES[table]
    columns = re.findall(r'"([^"]+)"', adql.partition(" FROM ")[0])
    if "CONTAINS" in adql:
        ra, dec = (row[re.search(rf'"({start}[^"]*)"', adql)[1]] for start in ("RA", "DE"))
        known = is_near(adql, ra, dec)
    else:
        where = adql.partition(" WHERE ")[2]
        names = re.findall(r'"([^"]+)" = ', where)
        known = all(f'"{name}" = {row[name]}' in where.replace("'", "") for name in names)
    columns = [name for name in dict.fromkeys(columns) if name in row]
    metadata = [{"name": name} for name in columns]
    return {"metadata": metadata, "data": [[row[name] for name in columns]] if known else []}


def is_near(adql, ra_deg, dec_deg):
    circle = re.search(r"CIRCLE\('ICRS', ([^,]+), ([^,]+), ([^)]+)\)", adql)
    ra, dec, radius = (float(part) for part in circle.groups())
    return abs(ra - ra_deg) < radius and abs(dec - dec_deg) < radius
