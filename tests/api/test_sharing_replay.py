"""What other TOMs send when they share (plugin-api 6.8), written here from what their API documents."""

import json

import requests

from tom_dataproducts.models import DataProduct, PhotometryReducedDatum
from tom_targets.models import Target


def test_a_peer_shares_a_target_then_its_data(people, live_server, group):
    people["owner"].set_password("secret of a peer")
    people["owner"].save()
    auth = ("owner", "secret of a peer")
    headers = {"Media-Type": "application/json"}
    api = f"{live_server.url}/api"

    found = requests.get(f"{api}/targets/?name=AT 2026xyz", headers=headers, auth=auth, timeout=30)
    assert (found.status_code, found.json()["results"]) == (200, [])

    # The representation of the peer's own row: its keys mean nothing here.
    target = {
        "id": 4711,
        "name": "AT 2026xyz",
        "type": "SIDEREAL",
        "created": "2026-01-01T00:00:00Z",
        "modified": "2026-01-01T00:00:00Z",
        "permissions": "PUBLIC",
        "ra": 12.0,
        "dec": -33.0,
        "epoch": 2000.0,
        "scheme": "",
        "parallax": None,
        "aliases": [{"id": 17, "name": "ZTF26xyz"}],
        "targetextra_set": [{"id": 3, "key": "redshift", "value": "0.1"}],
        "target_lists": [{"name": "Imported From A Peer"}],
        "groups": [],
    }
    stored = requests.post(f"{api}/targets/", json=target, headers=headers, auth=auth, timeout=30)
    assert stored.status_code == 201, stored.text
    pk = stored.json()["id"]
    assert pk != 4711 or Target.objects.count() == 1
    row = Target.objects.get(pk=pk)
    assert (row.names, row.tags) == (["AT 2026xyz", "ZTF26xyz"], {"redshift": "0.1"})

    found = requests.get(f"{api}/targets/?name=AT 2026xyz", headers=headers, auth=auth, timeout=30).json()
    assert [entry["id"] for entry in found["results"]] == [pk]
    again = {"target_lists": [{"name": "Imported From A Peer"}, {"name": "a second list"}]}
    changed = requests.patch(f"{api}/targets/{pk}/", json=again, headers=headers, auth=auth, timeout=30)
    assert changed.status_code == 200
    assert row.targetlist_set.count() == 2

    datum = {
        "data_product": "",
        "data_type": "photometry",
        "source_name": "A Peer",
        "source_location": "ReducedDatum shared from A Peer",
        "timestamp": "2026-08-14T04:00:00Z",
        "value": {
            "brightness": 18.2,
            "brightness_error": 0.1,
            "bandpass": "r",
            "unit": "",
            "telescope": "",
            "instrument": "",
        },
        "target": pk,
    }
    older = {**datum, "value": {"magnitude": 18.2, "error": 0.1, "filter": "g"}}
    for sent in (datum, older):
        answer = requests.post(f"{api}/reduceddatums/", json=sent, headers=headers, auth=auth, timeout=30)
        assert answer.status_code == 201, answer.text
    form = {**datum, "value": json.dumps({"limit": 20.1, "filter": "r"})}
    answer = requests.post(f"{api}/reduceddatums/", data=form, auth=auth, timeout=30)
    assert answer.status_code == 201, answer.text
    assert PhotometryReducedDatum.objects.filter(target=row).count() == 3

    # A file: the fields of the peer's row as a form, its address as `data`, the content as `file`.
    product = {
        "id": 9,
        "product_id": "peer 9",
        "target": pk,
        "observation_record": None,
        "data": "https://peer.example.org/data/curve.csv",
        "extra_data": "",
        "data_product_type": "photometry",
        "reduceddatum_set": [{"data_type": "photometry", "value": {"magnitude": 18.2}}],
    }
    files = {"file": ("at-2026xyz/none/curve.csv", b"time,magnitude,filter\n60000,18,r\n", "text/csv")}
    headers = {"Media-Type": "multipart/form-data"}
    for code in (201, 200):
        answer = requests.post(
            f"{api}/dataproducts/", data=product, files=files, headers=headers, auth=auth, timeout=30
        )
        assert answer.status_code == code, answer.text
    with DataProduct.objects.get().data.open() as file:
        assert file.read() == files["file"][1]
