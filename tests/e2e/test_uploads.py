"""Files from the desktop to the light curve: dropped or chosen, looked at, stored, undone."""

import pytest

from tom_common.grants import grant_access
from tom_common.tests.people_testing import give, make_user
from tom_dataproducts.models import DataProduct, PhotometryReducedDatum
from tom_targets.tests.factories import SiderealTargetFactory

CURVE = "time,filter,magnitude,error\n61000.5,r,18.25,0.05\n61001.5,g,faint,0.06\n"
SCRIPT = pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
DROP = """([files]) => {
  const transfer = new DataTransfer();
  for (const [name, text] of files) transfer.items.add(new File(text ? [text] : [], name));
  return transfer;
}"""


@pytest.fixture
def observer(transactional_db):
    return give(make_user("vera"), "tom_targets.add_target")


@pytest.fixture
def target(observer):
    made = SiderealTargetFactory(name="SN 2026abc", permissions="PRIVATE")
    grant_access(observer, made)
    return made


def _heading(page):
    page.wait_for_load_state()
    return page.get_by_role("heading", level=1).inner_text().strip()


@SCRIPT
def test_a_light_curve_is_chosen_looked_at_stored_and_undone(browse, observer, target, tmp_path, script):
    file = tmp_path / "night 7.csv"
    file.write_text(CURVE)
    page = browse(observer, script=script)
    page.goto(f"/dataproducts/data/upload/?target={target.pk}")
    page.locator("input[type=file]").set_input_files(file)
    page.locator("main").get_by_role("button", name="Upload", exact=True).click()
    page.wait_for_url("**/process/")
    shown = page.locator("main").inner_text()
    assert "No magnitude system is named; AB is assumed." in shown
    assert "1 row can be stored, 1 row is wrong." in shown
    assert not PhotometryReducedDatum.objects.exists()

    page.get_by_label("Magnitude system").select_option("Vega")
    page.get_by_role("button", name="Store", exact=True).click()
    page.wait_for_load_state()
    assert "1 row cannot be read; nothing is stored." in page.locator("main").inner_text()
    page.get_by_role("link", name="Look at its columns").click()
    page.get_by_label("If some rows are wrong").select_option("good_rows")
    page.get_by_role("button", name="Store", exact=True).click()
    page.wait_for_load_state()
    assert _heading(page) == "night_7.csv"
    assert PhotometryReducedDatum.objects.get().brightness == 18.25

    page.get_by_role("link", name="Undo Measurements").click()
    page.locator("main").get_by_role("button", name="Undo").first.click()
    page.wait_for_load_state()
    assert not PhotometryReducedDatum.objects.exists()
    assert DataProduct.objects.exists()


def test_files_are_dropped_on_the_section_of_the_target(browse, observer, target, axe):
    page = browse(observer)
    page.goto(f"{target.get_absolute_url()}?tab=manage-data")
    section = page.locator("#manage-data")
    dropped = page.evaluate_handle(DROP, [[["curve.csv", CURVE], ["empty.txt", ""], ["notes.txt", "seeing"]]])
    section.locator("h2").dispatch_event("dragover", {"dataTransfer": dropped})
    section.locator("h2").dispatch_event("drop", {"dataTransfer": dropped})
    chosen = section.locator("[data-tom-upload-list] li")
    assert [one.inner_text().split()[0] for one in chosen.all()] == ["curve.csv", "empty.txt", "notes.txt"]
    assert axe(page) == []
    section.get_by_role("button", name="Remove notes.txt").click()
    assert chosen.count() == 2
    section.get_by_role("button", name="Upload", exact=True).click()
    page.get_by_text("empty.txt is empty (0 bytes).").wait_for()
    section = page.locator("#manage-data")
    assert "waiting for a look" in section.inner_text()
    section.get_by_role("link", name="Look at curve.csv").click()
    assert axe(page) == []
    page.get_by_role("link", name="Throw away").click()
    page.get_by_role("button", name="Delete the file").click()
    page.wait_for_load_state()
    assert not DataProduct.objects.exists()


def test_what_is_refused_is_told_beside_the_files_that_stay_chosen(browse, observer, target):
    page = browse(observer)
    page.goto(f"/dataproducts/data/upload/?target={target.pk}")
    page.locator("main").get_by_role("button", name="Upload", exact=True).click()
    errors = page.locator("[data-tom-upload-errors]")
    assert errors.inner_text() == "Choose a file first, or drop one here."
    page.locator("input[type=file]").set_input_files(
        {"name": "page.html", "mimeType": "text/html", "buffer": b"<html><script>1</script></html>"}
    )
    page.get_by_label("What they are").select_option("image_file")
    page.locator("main").get_by_role("button", name="Upload", exact=True).click()
    page.get_by_text("it is HTML").wait_for()
    assert errors.evaluate("element => element === document.activeElement")
    assert page.locator("[data-tom-upload-list] li").count() == 1
    assert not DataProduct.objects.exists()


@pytest.mark.parametrize("place", ["page", "section"])
def test_the_button_covers_no_field_on_a_phone(browse, observer, target, place):
    page = browse(observer, viewport={"width": 390, "height": 700})
    page.goto(
        f"/dataproducts/data/upload/?target={target.pk}"
        if place == "page"
        else f"{target.get_absolute_url()}?tab=manage-data#manage-data"
    )
    form = page.locator("form.tom-upload")
    form.wait_for(state="attached")
    page.evaluate("for (const box of document.querySelectorAll('details.tom-upload-box')) box.open = true")
    button = form.get_by_role("button", name="Upload", exact=True)
    for field in form.locator(".tom-field").all():
        field.evaluate("(element) => element.scrollIntoView({ block: 'start' })")
        top = button.evaluate("(element) => element.getBoundingClientRect().top")
        end = field.evaluate("(element) => element.getBoundingClientRect().bottom")
        assert end <= top, field.inner_text()
