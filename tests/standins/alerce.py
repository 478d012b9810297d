"""A stand-in for ALeRCE: version 1 for ZTF, forced photometry, and the interface for LSST."""

import json
from contextlib import contextmanager

from tests.standins.babamul import recorded_stamp
from tests.standins.serving import StandIn, running
from tom_dataproducts.images import fits_png

OID = "ZTF20aaelulu"
FORCED_OID = "ZTF18aaueixg"
LSST_OID = 170000000000000001
CLASSIFIERS = [
    {
        "classifier_name": "lc_classifier",
        "classifier_version": "hierarchical_random_forest_1.1.0",
        "classes": ["SNIa", "SNII", "QSO"],
    },
    {"classifier_name": "stamp_classifier", "classifier_version": "stamp_1.0.9", "classes": ["SN", "bogus"]},
    {"classifier_name": "stamp_classifier", "classifier_version": "stamp_1.0.10", "classes": ["SN", "bogus"]},
]
PROBABILITIES = [
    ("lc_classifier", "hierarchical_random_forest_1.1.0", "SNIa", 0.62, 1),
    ("lc_classifier", "hierarchical_random_forest_1.1.0", "SNIbc", 0.21, 2),
    ("lc_classifier", "hierarchical_random_forest_1.1.0", "QSO", 0.001, 9),
    ("stamp_classifier", "stamp_1.0.10", "SN", 0.91, 1),
]


class Alerce(StandIn):
    """State of the stand-in; `folder` holds the shared data, `objects` are the items that are listed."""

    def __init__(self, folder):
        super().__init__()
        recorded = folder / "alerts" / "alerce"
        self.curve = json.loads((recorded / "alerce_lightcurve_ZTF20aaelulu.json").read_text())
        self.forced = json.loads((recorded / "alerce_forced_photometry_ZTF18aaueixg.json").read_text())
        self.objects = [_item(OID, 0)] + [
            _item(f"ZTF26aaaaa{chr(97 + one % 26)}{chr(97 + one // 26)}"[:12], one) for one in range(1, 45)
        ]
        self.asked = []
        self.stamp = recorded_stamp(folder / "alerts")

    def settings(self):
        """Give the ``DATA_SERVICES`` that lead here."""
        return {
            "ALeRCE": {
                "base_url": f"{self.url}/ztf/v1",
                "stamps_url": f"{self.url}/avro",
                "forced_url": f"{self.url}/v2/lightcurve",
                "page_size": 20,
            },
            "ALeRCE LSST": {"base_url": f"{self.url}/lsst"},
        }

    def answer(self, method, path, query, body, headers):
        self.asked.append((path, query))
        if path in ("/ztf/v1/objects", "/ztf/v1/classifiers"):
            return 404, b"<html><title>use the address with a slash</title></html>", "text/html"
        if path == "/ztf/v1/classifiers/":
            return _json(CLASSIFIERS)
        if path == "/ztf/v1/objects/":
            return self.page(query, self.chosen(query))
        if path.startswith("/ztf/v1/objects/"):
            return self.one(*path.removeprefix("/ztf/v1/objects/").split("/"))
        if path.startswith("/v2/lightcurve/forced-photometry/"):
            known = path.endswith(FORCED_OID) or path.endswith(OID)
            return _json(self.forced) if known else (404, {"detail": "Not found"}, "application/json")
        if path == "/avro/get_stamp":
            known = {one["candid"] for one in self.curve["detections"] if one["has_stamp"]}
            return self.image(query["format"][0], query["candid"][0] in known)
        if path.startswith("/lsst/"):
            return self.lsst(path.removeprefix("/lsst/"), query)
        return 404, {"message": "Not found"}, "application/json"

    def image(self, file_format, is_known):
        if not is_known:
            return 404, {"message": "AVRO File not found."}, "application/json"
        if file_format == "png":
            return 200, fits_png(self.stamp), "image/png"
        return 200, self.stamp, "application/octet-stream"

    def chosen(self, query):
        order = query.get("order_by", ["oid"])[0]
        if order == "deltamjd":
            return None
        ids = query.get("oid")
        found = [one for one in self.objects if not ids or one["oid"] in ids]
        for key, name in (("ndet", "ndet"), ("firstmjd", "firstmjd"), ("lastmjd", "lastmjd")):
            limits = [float(value) for value in query.get(key, ())]
            if limits:
                found = [one for one in found if one[name] >= limits[0]]
            if len(limits) > 1:
                found = [one for one in found if one[name] <= limits[1]]
        place = [float(query.get(key, ["0"])[0]) for key in ("ra", "dec", "radius")]
        if all(place):
            found = [
                one
                for one in found
                if abs(one["meanra"] - place[0]) * 3600 <= place[2]
                and abs(one["meandec"] - place[1]) * 3600 <= place[2]
            ]
        if "class" in query:
            found = [one for one in found if one["class"] == query["class"][0]]
        if "probability" in query:
            found = [one for one in found if one["probability"] >= float(query["probability"][0])]
        return found

    def page(self, query, found):
        if found is None:
            return (
                400,
                {"message": "Bad arguments", "errors": {"order_by": "not a column"}},
                "application/json",
            )
        number, size = int(query.get("page", ["1"])[0]), int(query.get("page_size", ["10"])[0])
        items = found[(number - 1) * size : number * size]
        is_more = number * size < len(found)
        return _json(
            {
                "total": None,
                "page": None,
                "next": number + 1 if is_more else None,
                "has_next": is_more,
                "prev": None,
                "has_prev": number > 1,
                "items": items,
            }
        )

    def one(self, oid, what=""):
        item = next((one for one in self.objects if one["oid"] == oid), None)
        if item is None:
            return 404, {"message": f"Object ID not found: {oid}"}, "application/json"
        if what == "lightcurve":
            return _json(self.curve)
        if what == "detections":
            return _json(self.curve["detections"])
        if what == "probabilities":
            keys = ("classifier_name", "classifier_version", "class_name", "probability", "ranking")
            return _json([dict(zip(keys, row, strict=True)) for row in PROBABILITIES])
        return _json(item)

    def lsst(self, path, query):
        if path == "object_api/list_objects":
            item = {
                "oid": LSST_OID,
                "meanra": 150.1,
                "meandec": -2.2,
                "firstmjd": 61290.3,
                "lastmjd": 61300.2,
                "n_det": 7,
                "n_forced": 4,
                "class_name": "SN",
                "classifier_name": "stamp_classifier_rubin",
                "classifier_version": "2.0",
                "probability": 0.8,
                "ranking": 1,
            }
            ids = query.get("oid")
            items = [item] if not ids or str(LSST_OID) in ids else []
            return _json({"total": len(items), "next": None, "has_next": False, "items": items})
        source = {"mjd": 61300.2, "band": 2, "band_map": {"2": "r"}, "ra": 150.1, "dec": -2.2}
        if path == "lightcurve_api/detections":
            return _json([{**source, "measurement_id": LSST_OID + 1, "has_stamp": True}])
        if path == "stamps_api/stamp":
            known = query["measurement_id"] == [str(LSST_OID + 1)] and query["survey_id"] == ["lsst"]
            return self.image(query["file_format"][0], known and query["stamp_type"][0].startswith("cutout"))
        if path == "lightcurve_api/lightcurve":
            return _json(
                {
                    "detections": [
                        {**source, "measurement_id": LSST_OID + 1, "psfFlux": 5200.0, "psfFluxErr": 410.0}
                        | {"has_stamp": True}
                    ],
                    "non_detections": [],
                    "forced_photometry": [
                        {**source, "measurement_id": LSST_OID + 2, "psfFlux": -90.0, "psfFluxErr": 80.0}
                    ],
                }
            )
        if path == "classifier_api/classifiers":
            return _json(
                [
                    {
                        "classifier_name": "stamp_classifier_rubin",
                        "classifier_version": "2.0",
                        "classes": ["SN"],
                    }
                ]
            )
        return 404, {"detail": "Not found"}, "application/json"


def _item(oid, number):
    return {
        "oid": oid,
        "ndethist": "7",
        "ndet": 7 + number,
        "firstmjd": 58855.5,
        "lastmjd": 58900.25 + number,
        "meanra": 185.7289 + number / 10,
        "meandec": 15.8236,
        "class": "SNIa" if number % 2 == 0 else "QSO",
        "classifier": "lc_classifier",
        "probability": 0.62,
        "stellar": False,
        "corrected": False,
    }


def _json(value):
    return 200, value, "application/json"


@contextmanager
def alerce(folder, port=0):
    """Give the state of a running stand-in."""
    with running(Alerce(folder), port) as state:
        yield state
