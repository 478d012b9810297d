"""Chance against the REST API: whatever is sent, by whomever, nothing answers 5xx or other than documented.

Schemathesis makes requests from the OpenAPI schema, right ones and wrong ones; a second test sends arbitrary
JSON under the names that the API knows. Each request is undone: every example starts from the same rows.
"""

import json

import pytest
import schemathesis
from django.contrib.auth.models import Group, User
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.test_schema import ROUTES
from tom_common.grants import grant_access
from tom_dataproducts.tests.factories import DataProductFactory, PhotometryFactory
from tom_targets.tests.factories import SiderealTargetFactory, TargetExtraFactory, TargetNameFactory

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

ROLES = ("anonymous", "user", "superuser")
OPERATIONS = [(method, path) for path, methods in ROUTES.items() for method in sorted(methods)]
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = settings(
    max_examples=25,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(params=ROLES)
def token(request):
    """Give the token of a visitor of each kind, None for the anonymous."""
    if request.param == "anonymous":
        return None
    if request.param == "superuser":
        return Token.objects.get(user=User.objects.create_superuser("superuser")).key
    user = User.objects.create_user("user")
    user.groups.add(Group.objects.create(name="group"))
    return Token.objects.get(user=user).key


@pytest.fixture
def keys(token):
    """Give the key of a stored row by the route on which it is found; the user may change the target."""
    target = SiderealTargetFactory(permissions="OPEN", name="SN 2026abc")
    if token:
        grant_access(Token.objects.get(key=token).user, target)
    product = DataProductFactory(target=target)
    return {
        "targets": target.pk,
        "lightcurves": target.pk,
        "targetextra": TargetExtraFactory(target=target).pk,
        "targetname": TargetNameFactory(target=target).pk,
        "dataproducts": product.pk,
        "reduceddatums": PhotometryFactory(target=target, data_product=product).pk,
    }


@pytest.fixture(autouse=True)
def _one_connection(monkeypatch):
    """Let requests through the WSGI application share the connection, and so the transaction, of the test."""
    from tom_common import job_worker

    monkeypatch.setattr(job_worker, "_web_process_pid", job_worker._web_process_pid)
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture(scope="module")
def api():
    """Give the schema, bound to the WSGI application."""
    from drf_spectacular.generators import SchemaGenerator

    from tom_project.wsgi import application

    made = SchemaGenerator().get_schema(request=None, public=True)
    loaded = schemathesis.openapi.from_dict(json.loads(json.dumps(made, default=str)))
    loaded.app = application
    return loaded


def undone(act):
    """Do something and roll back what it wrote."""
    with transaction.atomic():
        act()
        transaction.set_rollback(True)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_requests_made_from_the_schema_are_answered_as_it_says(api, token, keys, method, path):
    operation = api[path][method.upper()]
    known = {"id": keys.get(path.split("/")[2], 1)} if "{id}" in path else None
    strategies = [operation.as_strategy(generation_mode=GenerationMode.POSITIVE, path_parameters=known)]
    if known:
        strategies.append(operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    if operation.body or operation.query:
        strategies.append(
            operation.as_strategy(generation_mode=GenerationMode.NEGATIVE, path_parameters=known)
        )
    headers = {"Accept-Encoding": "identity"} | ({"Authorization": f"Token {token}"} if token else {})

    @EXAMPLES
    @given(case=st.one_of(strategies))
    def check(case):
        undone(lambda: case.call_and_validate(headers=headers, checks=CHECKS))

    check()


NAMES = [
    *(
        "name",
        "type",
        "permissions",
        "ra",
        "dec",
        "epoch",
        "scheme",
        "parallax",
        "created",
        "id",
        "shared_by",
    ),
    *("aliases", "targetextra_set", "target_lists", "groups", "key", "value", "target", "data_product"),
    *("data_type", "timestamp", "source_name", "magnitude", "mag", "error", "limit", "filter", "bandpass"),
    *("flux", "wavelength", "unit", "telescope", "exposure_time", "ra_error", "0", "1", "reduction_version"),
]
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=-(10**40), max_value=10**40),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(
        ["SIDEREAL", "NON_SIDEREAL", "MPC_COMET", "OPEN", "photometry", "spectroscopy", "astrometry", "group"]
    ),
    st.sampled_from(
        ["", "\0", "2026-08-14T04:00:00Z", "0001-01-01T00:00:00+14:00", "1e999", "nan", "SN 2026abc"]
    ),
    st.sampled_from([1, 1.5, 18.2, 89.0, 2**63, -1]),
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=8),
    max_leaves=15,
)
BODIES = st.dictionaries(st.sampled_from(NAMES), JSON, max_size=12) | st.lists(JSON, max_size=4) | JSON
WRITES = [(method, path) for method, path in OPERATIONS if method in ("post", "put", "patch")]


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_arbitrary_json_is_refused_or_stored(token, keys, method, path):
    client = APIClient(raise_request_exception=False)
    if token:
        client.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    url = path.replace("{id}", str(keys["targets"]))
    base = {"name": "new", "type": "SIDEREAL", "ra": 1.0, "dec": 2.0}
    if "reduceddatums" in path:
        base = {
            "target": keys["targets"],
            "data_type": "photometry",
            "value": {"magnitude": 18.2, "filter": "r"},
        }

    @settings(EXAMPLES, max_examples=150)
    @given(body=BODIES, is_based=st.booleans(), is_list=st.booleans())
    def check(body, is_based, is_list):
        if is_based and isinstance(body, dict):
            body = {**base, **body}
        sent = json.dumps([body] if is_list else body)

        def act():
            answer = client.generic(method.upper(), url, sent, content_type="application/json")
            assert answer.status_code < 500, (answer.status_code, sent)

        undone(act)

    check()


@pytest.mark.parametrize("data_type", ["photometry", "spectroscopy", "astrometry", "Else"])
def test_measurements_of_any_content_are_refused_or_stored(token, keys, data_type):
    client = APIClient(raise_request_exception=False)
    if token:
        client.credentials(HTTP_AUTHORIZATION=f"Token {token}")

    @settings(EXAMPLES, max_examples=150)
    @given(value=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=10), is_list=st.booleans())
    def check(value, is_list):
        row = {"target": keys["targets"], "data_type": data_type, "value": value}
        sent = json.dumps([row] if is_list else row)

        def act():
            answer = client.generic("POST", "/api/reduceddatums/", sent, content_type="application/json")
            assert answer.status_code < 500, (answer.status_code, sent)
            if answer.status_code == 201:
                assert client.get("/api/reduceddatums/").status_code == 200

        undone(act)

    check()
