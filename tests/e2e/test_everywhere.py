"""What holds on every page: no serious finding of axe, no complaint of the browser, no sideways scroll."""

import pytest

from tests.front_end.conftest import AXE
from tom_common.tests.people_testing import make_user
from tom_targets.tests.factories import SiderealTargetFactory

PAGES = [
    "/",
    "/targets/",
    "/targets/?name=zzz&type=SIDEREAL",
    "/targets/1/",
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
    "/alerts/upload/",
    "/alerts/rejected/",
    "/dataproducts/data/",
]


@pytest.mark.parametrize("width", [1440, 390])
def test_no_page_has_a_serious_fault(browse, width):
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: python tools/front_end_assets.py --dev")
    target = SiderealTargetFactory(name="SN 2026A", permissions="OPEN")
    page = browse(
        make_user("root", is_staff=True, is_superuser=True), viewport={"width": width, "height": 900}
    )
    found = []
    for path in PAGES:
        page.goto(path.replace("/targets/1/", target.get_absolute_url()))
        page.wait_for_load_state("networkidle")
        page.evaluate(AXE.read_text())
        for fault in page.evaluate("axe.run().then((result) => result.violations)"):
            if fault["impact"] in ("serious", "critical"):
                found.append(f"{path}: {fault['id']}: {fault['nodes'][0]['html'][:120]}")
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append(f"{path} scrolls sideways")
    assert found == []
