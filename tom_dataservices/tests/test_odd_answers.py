"""Answers of catalogues that are well-formed and not of the promised shape: each ends in a sentence."""

import json

import pytest

from tom_common.remote import RemoteError
from tom_dataservices.dataservices import MissingDataException, QueryServiceError
from tom_dataservices.tests.test_catalogues import CLIENTS, standin  # noqa: F401  fixture

pytestmark = pytest.mark.django_db
ANSWERS = [
    None,
    [],
    {},
    "text",
    5,
    [None, 200],
    [[], 200],
    [{"mpc_orb": {}}, 200],
    [{"mpc_orb": [5]}, 200],
    [{"mpc_orb": {"COM": {"coefficient_names": ["e"], "coefficient_values": []}}}, 200],
    {"metadata": [{"name": "oid"}], "data": None},
    {"metadata": [{"name": "oid"}], "data": [[1, 2]]},
    {"metadata": [{"name": "oid"}], "data": [[None]]},
    {"metadata": [5], "data": [[5]]},
    {"metadata": [], "data": [[]]},
    {"ResultCode": 3},
    {"ResultCode": "3", "Preferred": []},
    {"ResultCode": 3, "Preferred": {"Position": {"RA": "--", "Dec": "--"}}},
    {"ResultCode": None, "Interpreted": 5},
    {"object": None, "orbit": None},
    {"object": {"fullname": "1 X"}, "orbit": {"elements": None}},
    {"object": {"fullname": "1 X"}, "orbit": {"elements": ["e"]}},
    {"object": {"fullname": "1 X"}, "orbit": []},
    {"list": [5, None], "code": 300},
    {"objectName": "X", "orbits": {"fields": None, "data": [[1]]}},
    {"objectName": "X", "signature": 5},
    {"data": {"reply": None}},
    {"id_code": 200, "data": {"objname": None}},
    {"id_code": 200, "data": "none"},
    {"id_code": 200, "data": {"objname": "2023ixf", "object_type": [], "internal_names": None}},
]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("said", ANSWERS, ids=json.dumps)
def test_an_answer_of_another_shape_is_a_sentence_or_an_object(standin, client, said):  # noqa: F811
    term, path = CLIENTS[client]
    standin.faults["*", path] = (200, json.dumps(said).encode(), {})
    try:
        found = client().lookup(term)
    except (RemoteError, MissingDataException, QueryServiceError) as error:
        assert client.name in str(error)
    else:
        assert found.name
