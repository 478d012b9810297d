"""Small packets for the tests: Avro bytes of our own making, so that nothing hangs on the shared data."""

import io

import fastavro
import numpy as np

CANDIDATE = {
    "jd": "double",
    "fid": "int",
    "candid": ["null", "long"],
    "isdiffpos": ["null", "string"],
    "ra": ["null", "double"],
    "dec": ["null", "double"],
    "magpsf": ["null", "float"],
    "sigmapsf": ["null", "float"],
    "diffmaglim": ["null", "float"],
    "ssdistnr": ["null", "float"],
    "ssmagnr": ["null", "float"],
    "ssnamenr": ["null", "string"],
    "rb": ["null", "float"],
}
FORCED = {
    "jd": "double",
    "fid": "int",
    "forcediffimflux": ["null", "float"],
    "forcediffimfluxunc": ["null", "float"],
    "magzpsci": ["null", "float"],
    "procstatus": ["null", "string"],
}


def record_schema(name, fields):
    """Give the schema of a record from names and types."""
    return {
        "type": "record",
        "name": name,
        "fields": [{"name": key, "type": kind} for key, kind in fields.items()],
    }


ZTF_SCHEMA = record_schema(
    "alert",
    {
        "objectId": "string",
        "candid": "long",
        "publisher": "string",
        "candidate": record_schema("candidate", CANDIDATE),
        "prv_candidates": ["null", {"type": "array", "items": record_schema("prv_candidate", CANDIDATE)}],
        "fp_hists": ["null", {"type": "array", "items": record_schema("fp_hist", FORCED)}],
    },
)


def ztf_point(**values):
    """Give a candidate: a detection in r unless said otherwise."""
    point = dict.fromkeys(CANDIDATE)
    point.update(jd=2461300.75, fid=2, candid=3_400_000_000_015_000_001, isdiffpos="t", ra=150.1, dec=2.2)
    point.update(magpsf=19.0, sigmapsf=0.1, diffmaglim=20.5)
    return {**point, **values}


def ztf_limit(**values):
    """Give a non-detection."""
    nothing = dict.fromkeys(("candid", "isdiffpos", "ra", "dec", "magpsf", "sigmapsf"))
    return ztf_point(**{**nothing, **values})


def ztf_forced(**values):
    """Give a forced measurement of 1000 DN at zero point 26.2: 18.7 mag."""
    point = {
        "jd": 2461300.75,
        "fid": 2,
        "forcediffimflux": 1000.0,
        "forcediffimfluxunc": 50.0,
        "magzpsci": 26.2,
        "procstatus": "0",
    }
    return {**point, **values}


def ztf_record(name="ZTF26aaaaaaa", **values):
    """Give the record of a ZTF alert."""
    candidate = ztf_point(**values.pop("candidate", {}))
    record = {
        "objectId": name,
        "candid": candidate["candid"],
        "publisher": "ZTF",
        "candidate": candidate,
        "prv_candidates": None,
        "fp_hists": None,
    }
    return {**record, **values}


def container(schema, records, **options):
    """Give an Avro object container file."""
    stream = io.BytesIO()
    fastavro.writer(stream, fastavro.parse_schema(schema), records, **options)
    return stream.getvalue()


def schemaless(schema, record):
    """Give the bare bytes of one record."""
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(schema), record)
    return stream.getvalue()


def same(left, right):
    """Tell whether two decoded values are the same, NaN being the same as NaN, and of the same types."""
    if isinstance(left, float) and isinstance(right, float):
        return left == right or (np.isnan(left) and np.isnan(right))
    if isinstance(left, dict):
        return (
            isinstance(right, dict)
            and left.keys() == right.keys()
            and all(same(left[k], right[k]) for k in left)
        )
    if isinstance(left, list):
        return isinstance(right, list) and len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and left == right
