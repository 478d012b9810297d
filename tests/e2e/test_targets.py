"""A target from its first form to the trash and back, with script and without."""

import pytest

from tom_common.models import Notification
from tom_common.tests.people_testing import give, make_user
from tom_targets.models import Target, TargetList
from tom_targets.tests.factories import SiderealTargetFactory

SCRIPT = pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
RIGHTS = ("tom_targets.add_target", "tom_targets.change_target", "tom_targets.delete_target")


@pytest.fixture
def observer(transactional_db):
    return give(make_user("vera"), *RIGHTS)


def _press(page, name):
    page.locator("main").get_by_role("button", name=name, exact=True).click()
    page.wait_for_load_state()  # a busy server sends the page in pieces


def _heading(page):
    page.wait_for_load_state()
    return page.get_by_role("heading", level=1).inner_text().strip()


@SCRIPT
def test_a_target_is_made_edited_deleted_and_brought_back(browse, observer, script):
    page = browse(observer, script=script)
    page.get_by_role("link", name="Add target").first.click()
    page.get_by_label("Name", exact=True).fill("SN 2026abc")
    page.get_by_label("Right ascension").fill("12:34:56.7")
    page.get_by_label("Declination").fill("-95:15:00")
    page.get_by_label("Who may see it").select_option("PUBLIC")
    page.get_by_label("Alias").first.fill("ZTF26abc")
    page.get_by_label("Key").first.fill("redshift")
    page.get_by_label("Value").first.fill("0.021")
    _press(page, "Add target")
    errors = page.locator("#form-errors")
    assert "One thing needs a correction" in errors.inner_text()
    assert errors.evaluate("element => element === document.activeElement") or not script
    page.get_by_label("Declination").fill("-05:15:00")
    _press(page, "Add target")

    assert _heading(page) == "SN 2026abc"
    shown = page.locator("main").inner_text()
    assert "12:34:56.700 \u221205:15:00.00" in shown
    assert "ZTF26abc" in shown and "0.021" in shown

    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Name", exact=True).fill("SN 2026abd")
    _press(page, "Save target")
    assert _heading(page) == "SN 2026abd"

    page.goto(f"{page.url.partition('?')[0]}delete/")
    _press(page, "Delete target")
    assert not Target.objects.exists()
    page.goto("/targets/trash/")
    page.get_by_role("button", name="Restore SN 2026abd").click()
    stored = Target.objects.get()
    assert (stored.name, stored.dec) == ("SN 2026abd", -5.25)
    assert [alias.name for alias in stored.aliases.all()] == ["ZTF26abc"]


@SCRIPT
def test_a_comment_tells_the_colleague_whom_it_names(browse, observer, script):
    colleague = make_user("nancy")
    target = SiderealTargetFactory(name="SN 2026A", permissions="PUBLIC")
    page = browse(observer, script=script)
    page.goto(target.get_absolute_url())
    page.get_by_label("Comment").fill("Rising fast, @nancy, a **spectrum**?")
    _press(page, "Add comment")
    assert page.locator(".tom-comment-text strong").inner_text() == "spectrum"

    theirs = browse(colleague, script=script)
    theirs.goto("/notifications/")
    theirs.get_by_role("button", name="Open").click()
    assert theirs.url.partition("#")[0].partition("?")[0].endswith(target.get_absolute_url())
    assert Notification.objects.get(user=colleague).read_at is not None


@SCRIPT
def test_targets_are_put_on_a_list_that_was_just_made(browse, observer, script):
    targets = [SiderealTargetFactory(name=f"SN 2026{letter}", permissions="OPEN") for letter in "AB"]
    page = browse(observer, script=script)
    page.goto("/targets/targetgrouping/create/")
    page.get_by_label("Name", exact=True).fill("tonight")
    _press(page, "Make list")
    page.goto("/targets/")
    for target in targets:
        page.locator(f"input[name='selected-target'][value='{target.pk}']").check()
    page.locator(".tom-bulk").get_by_label("List", exact=True).select_option(label="tonight")
    page.locator(".tom-bulk").get_by_role("button", name="Put on").click()
    page.wait_for_load_state()
    stored = TargetList.objects.get(name="tonight")
    assert set(stored.targets.values_list("name", flat=True)) == {"SN 2026A", "SN 2026B"}

    page.goto(f"{targets[0].get_absolute_url()}?tab=manage-groups")
    page.get_by_role("button", name="Take off the list tonight").click()
    page.wait_for_load_state()
    assert set(stored.targets.values_list("name", flat=True)) == {"SN 2026B"}


@SCRIPT
def test_the_list_is_searched_and_says_what_to_do_where_nothing_fits(browse, observer, script):
    SiderealTargetFactory(name="SN 2026A", permissions="OPEN")
    page = browse(observer, script=script)
    if script:
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.id") == "tom-search"
    page.goto("/targets/?name=zzz")
    assert page.get_by_role("heading", name="No target fits").is_visible()
    page.get_by_role("link", name="Show all targets").click()
    assert page.get_by_role("link", name="SN 2026A").is_visible()
