"""Accounts, groups and rights by their pages, and what the new colleague then sees."""

import pytest

from tom_common.models import Profile
from tom_common.tests.people_testing import PASSWORD, make_user
from tom_targets.tests.factories import SiderealTargetFactory

SCRIPT = pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])


@pytest.fixture
def superuser(transactional_db):
    return make_user("root", is_staff=True, is_superuser=True)


def _press(page, name):
    page.locator("main").get_by_role("button", name=name, exact=True).click()
    page.wait_for_load_state()  # a busy server sends the page in pieces


@SCRIPT
def test_a_new_colleague_sees_and_edits_exactly_what_was_granted(
    browse, superuser, script, django_user_model
):
    shared, hidden = (
        SiderealTargetFactory(name=name, permissions="PRIVATE") for name in ("shared", "hidden")
    )
    page = browse(superuser, script=script)
    page.goto("/groups/create/")
    page.get_by_label("Name", exact=True).fill("Supernovae")
    _press(page, "Add group")
    page.goto("/users/create/")
    page.get_by_label("Username").fill("nancy")
    page.get_by_label("Email").fill("nancy@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password confirmation").fill(PASSWORD)
    page.get_by_label("Supernovae").check()
    _press(page, "Add user")
    page.goto(f"{shared.get_absolute_url()}access/")
    page.get_by_label("Supernovae").check()
    page.get_by_label("They may").select_option("view")
    _press(page, "Save access")

    nancy = django_user_model.objects.get(username="nancy")
    theirs = browse(nancy, script=script)
    theirs.goto("/targets/")
    assert theirs.locator("td.tom-name, th.tom-name").all_inner_texts() == ["shared"]
    theirs.goto(shared.get_absolute_url())
    assert theirs.get_by_role("link", name="Edit", exact=True).count() == 0

    page.goto(f"{shared.get_absolute_url()}access/")
    page.get_by_label("Users").fill("nancy")
    page.get_by_label("They may").select_option("change")
    _press(page, "Save access")
    theirs.reload()
    theirs.get_by_role("link", name="Edit", exact=True).click()
    theirs.get_by_label("Name", exact=True).fill("shared and renamed")
    _press(theirs, "Save target")
    assert theirs.get_by_role("heading", level=1).inner_text().strip() == "shared and renamed"
    assert theirs.context.request.get(hidden.get_absolute_url()).status == 404
    assert theirs.context.request.get(f"{hidden.get_absolute_url()}update/").status == 404


@SCRIPT
def test_the_theme_is_kept_in_the_profile(browse, superuser, script):
    page = browse(superuser, script=script)
    page.locator("#tom-theme summary").click()
    if script:
        with page.expect_response("**/users/profile/theme/"):
            page.get_by_role("menuitemradio", name="Dome").click()
    else:
        page.get_by_role("menuitemradio", name="Dome").click()
    assert page.locator("html").get_attribute("data-bs-theme") == "dome"
    assert Profile.objects.get(user=superuser).theme == "dome"
    elsewhere = browse(superuser)
    assert elsewhere.locator("html").get_attribute("data-bs-theme") == "dome"


@pytest.mark.parametrize("width", [1440, 390])
def test_the_main_button_of_a_long_form_is_always_in_sight(browse, superuser, width):
    page = browse(superuser, viewport={"width": width, "height": 844})
    page.goto("/targets/create/")
    button = page.locator("main").get_by_role("button", name="Add target", exact=True)
    for place in (0, 700, 10_000):
        page.evaluate(f"window.scrollTo({{top: {place}, behavior: 'instant'}})")
        box = button.bounding_box()
        assert box["y"] >= 48 and box["y"] + box["height"] <= 844
        if width == 1440:
            assert box["y"] < 120  # beside the heading
        at = page.evaluate(
            "([x, y]) => document.elementFromPoint(x, y).innerText", [box["x"] + 8, box["y"] + 8]
        )
        assert at == "Add target"
    page.get_by_label("Value").last.focus()
    page.keyboard.press("Tab")
    assert button.evaluate("element => element === document.activeElement")
