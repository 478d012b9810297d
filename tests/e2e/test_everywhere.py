"""What holds on every page: no serious finding of axe, no complaint of the browser, no sideways scroll."""

import pytest

from tom_common.tests.people_testing import make_user
from tom_targets.tests.factories import SiderealTargetFactory

PAGES = [
    "/",
    "/targets/",
    "/targets/?name=zzz&type=SIDEREAL",
    "/targets/1/",
    "/targets/1/history/",
    "/targets/1/as-of/?date=2026-11-21",
    "/targets/1/finder/",
    "/targets/import/",
    "/targets/regions/",
    "/targets/cross-match/",
    "/targets/sky/",
    "/changes/",
    "/observations/visibility/",
    "/observations/visibility/up-tonight/",
    "/api/docs/",
    "/targets/create/",
    "/targets/trash/",
    "/targets/targetgrouping/",
    "/targets/targetgrouping/create/",
    "/users/",
    "/users/create/",
    "/groups/create/",
    "/users/profile/",
    "/notifications/",
    "/jobs/",
    "/health/",
    "/alerts/filters/",
    "/alerts/filters/create/",
    "/alerts/query/create/?broker=Fink",
    "/alerts/query/list/",
    "/alerts/reports/",
    "/alerts/triage/",
    "/alerts/upload/",
    "/alerts/watchlists/create/",
    "/alertstreams/",
    "/alertstreams/dead-letters/",
    "/catalogs/query/",
    "/alerts/rejected/",
    "/dataproducts/data/",
    "/dataproducts/data/export/",
    "/dataproducts/data/group/list/",
    "/dataproducts/data/uploads/",
    "/dataproducts/queries/",
    "/dataproducts/services/",
    "/observations/list/",
    "/tom_dataservices/query/list/",
    "/dataproducts/data/upload/?target=1",
]


@pytest.mark.parametrize("width", [1440, 390])
def test_no_page_has_a_serious_fault(browse, axe, width):
    target = SiderealTargetFactory(name="SN 2026A", permissions="OPEN")
    page = browse(
        make_user("root", is_staff=True, is_superuser=True), viewport={"width": width, "height": 900}
    )
    found = []
    for path in PAGES:
        page.goto(
            path.replace("/targets/1/", target.get_absolute_url()).replace("target=1", f"target={target.pk}")
        )
        page.wait_for_load_state("networkidle")
        found += [f"{path}: {fault}" for fault in axe(page)]
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"{path} scrolls sideways")
    assert found == []
