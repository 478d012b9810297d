"""The OpenAPI schema of the REST API, and the page that shows it."""

import re

import pytest
from drf_spectacular.drainage import GENERATOR_STATS, reset_generator_stats
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

ROUTES = {
    "/api/groups/": {"get"},
    "/api/targets/": {"get", "post"},
    "/api/targets/{id}/": {"get", "put", "patch", "delete"},
    "/api/targets/{id}/position/": {"get"},
    "/api/targets/{id}/history/": {"get"},
    "/api/targets/{id}/as-of/": {"get"},
    "/api/targets/{id}/favourite/": {"get", "put", "delete"},
    "/api/targets/{id}/status/": {"get", "put"},
    "/api/changesets/": {"get"},
    "/api/changesets/{id}/": {"get"},
    "/api/changesets/{id}/changes/": {"get"},
    "/api/changesets/{id}/revert/": {"get", "post"},
    "/api/targetextra/{id}/": {"get", "delete"},
    "/api/targetname/{id}/": {"get", "delete"},
    "/api/targetlist/{id}/": {"get", "delete"},
    "/api/dataproducts/": {"get", "post"},
    "/api/dataproducts/{id}/": {"get", "delete"},
    "/api/dataproducts/{id}/reading/": {"get", "post"},
    "/api/reduceddatums/": {"get", "post"},
    "/api/reduceddatums/{id}/": {"get", "delete"},
    "/api/lightcurves/{id}/": {"get"},
    "/api/exports/": {"get"},
    "/api/servicequeries/": {"get", "post"},
    "/api/servicequeries/{id}/": {"get"},
    "/api/servicequeries/{id}/retry/": {"post"},
    "/api/servicequeries/{id}/cancel/": {"post"},
    "/api/servicequeries/services/": {"get"},
    "/api/sites/": {"get"},
    "/api/classifications/": {"get"},
    "/api/classifications/{id}/": {"get"},
    "/api/visibility/": {"get"},
    "/api/token-auth/": {"post"},
}


@pytest.fixture(scope="module")
def schema():
    """Give the schema and whatever the generator had to say about it."""
    reset_generator_stats()
    made = SchemaGenerator().get_schema(request=None, public=True)
    complaints = [*GENERATOR_STATS._warn_cache, *GENERATOR_STATS._error_cache]
    return made, complaints


def test_the_schema_is_made_without_a_complaint(schema):
    made, complaints = schema
    assert complaints == []
    validate_schema(made)


def test_all_routes_are_in_it(schema):
    made, _ = schema
    found = {path: set(operations) for path, operations in made["paths"].items()}
    assert {path: found.get(path) for path in ROUTES} == ROUTES
    assert found["/api/dataproducts/{id}/download/"] == {"get"}


def test_every_operation_says_what_it_does_and_how_it_refuses(schema):
    made, _ = schema
    for path in ROUTES:
        for method, operation in made["paths"][path].items():
            assert operation.get("summary"), (method, path)
            assert "401" in operation["responses"] or path == "/api/token-auth/", (method, path)
            if method in ("post", "put", "patch"):
                assert "400" in operation["responses"], (method, path)


def test_what_is_derived_is_not_shown(schema):
    made, _ = schema
    properties = made["components"]["schemas"]["Target"]["properties"]
    assert {"id", "name", "ra", "aliases", "targetextra_set", "target_lists", "groups"} <= properties.keys()
    assert not {"sky_index", "name_key"} & properties.keys()


def test_anybody_can_get_the_schema(client, db):
    answer = client.get("/api/schema/")
    assert answer.status_code == 200
    assert b"openapi: 3" in answer.content


@pytest.mark.parametrize(
    "url", ["/api/docs/", "/api/targets/", "/api/reduceddatums/", "/api/dataproducts/", "/api/"]
)
def test_pages_for_people_load_nothing_from_elsewhere_and_have_no_script_in_them(client, admin_user, url):
    client.force_login(admin_user)
    answer = client.get(url, headers={"Accept": "text/html"})
    assert answer.status_code == 200
    page = answer.content.decode()
    scripts = re.findall(r"<script\b([^>]*)>(.*?)</script>", page, re.DOTALL)
    assert scripts
    for attributes, content in scripts:
        assert "application/json" in attributes or not content.strip(), content
    assert re.findall(r"""(?:src|<link[^>]*href)\s*=\s*["'](?:https?:)?//""", page) == []
    assert "onclick=" not in page
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
