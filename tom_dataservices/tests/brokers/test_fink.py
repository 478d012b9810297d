"""Fink: every question of its forms, its rows as objects, its refusals as sentences."""

import pytest
from django.urls import reverse

from tests.standins.fink import ztf_rows
from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.clients.fink import FinkZtf, rest
from tom_dataservices.exceptions import MissingDataException, QueryServiceError
from tom_dataservices.models import ObjectClassification
from tom_dataservices.providers import Access, DataServiceProvider
from tom_dataservices.runs import fetch_now, start_run
from tom_targets.models import Target
from tom_targets.tests.factories import SiderealTargetFactory

from .conftest import form_of


@pytest.fixture
def first(ask):
    """Give the first recorded ZTF object that is brighter than its reference, as a result."""
    rows = ask("Fink ZTF", class_name="SN candidate", max_results="20")
    return next(row for row in rows if row["mag"] is not None)


def test_a_class_gives_objects_with_facts_and_no_sentinels(first):
    assert first["name"].startswith("ZTF")
    assert first["time"].endswith("Z")
    assert first["band"] in "gri"
    assert 10 < first["mag"] < 22
    assert first["class"] == "SN candidate"
    assert first["url"].endswith(f"/web/{first['name']}")
    assert not {"Unknown", "null", "nan"} & {str(value) for value in first["extras"].values()}
    assert isinstance(first["extras"]["ztf_candid"], str)


@pytest.mark.parametrize(
    ("values", "endpoint", "sent"),
    [
        (
            {"class_name": "SN candidate", "trend": "rising", "color": "on"},
            "latests",
            {"trend": "rising", "color": "True"},
        ),
        (
            {"class_name": "SN candidate", "since": "2026-03-01", "until": "2026-03-02"},
            "latests",
            {"startdate": "2026-03-01T00:00:00", "stopdate": "2026-03-02T00:00:00"},
        ),
        (
            {"position": "10 -5", "radius": "1", "radius_unit": "arcmin"},
            "conesearch",
            {"radius": "60.0", "n": "1000"},
        ),
        ({"solar_system": "8467"}, "sso", {"n_or_d": "8467"}),
        ({"tns_name": "SN 2026abc"}, "resolver", {"resolver": "tns", "name": "SN 2026abc"}),
        ({"skymap": "S230518h", "skymap_level": "0.5"}, "skymap", {"credible_level": "0.5"}),
    ],
)
def test_each_question_is_asked_as_fink_reads_it(ask, stand_ins, values, endpoint, sent):
    ask("Fink ZTF", **values)
    asked = {name: arguments for _, name, arguments in stand_ins.fink.asked}
    assert sent.items() <= asked[endpoint].items()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "Ask for one of"),
        ({"objects": "ZTF18abc", "class_name": "SN candidate"}, "one kind of question at a time"),
        ({"position": "1 1", "radius": "6", "radius_unit": "deg"}, "at most 5 deg"),
        ({"position": "1 1", "until": "2026-01-01"}, "only with its beginning"),
        ({"objects": "ZTF18abc", "trend": "rising"}, "goes with a class"),
    ],
)
def test_the_form_refuses_what_fink_does_not_answer(db, values, words):
    form = form_of("Fink ZTF", **values)
    assert not form.is_valid()
    assert words in str(form.errors)


def test_names_and_a_cone_find_the_same_object(ask, first):
    by_name = ask("Fink ZTF", objects=first["name"])[0]
    near = ask("Fink ZTF", position=f"{first['ra']} {first['dec']}", radius="2")[0]
    assert by_name["name"] == near["name"] == first["name"]
    assert near["separation_arcsec"] < 2
    assert ask("Fink ZTF", tns_name="SN 2026abc")[0]["name"]


def test_magnitudes_outside_of_the_range_are_left_out(ask, first):
    assert ask("Fink ZTF", objects=first["name"], mag_max=str(first["mag"] - 0.1)) == []
    assert len(ask("Fink ZTF", objects=first["name"], mag_max=str(first["mag"] + 0.1))) == 1


def test_recorded_sources_below_their_reference_have_a_negative_flux_and_fit_no_range(ask):
    rows = ask("Fink ZTF", class_name="SN candidate", max_results="31")
    faded = [row for row in rows if row["mag"] is None]
    assert faded and all(row["flux_njy"] < 0 for row in faded)
    assert ask("Fink ZTF", objects=faded[0]["name"], mag_max="25") == []


def test_a_body_of_the_solar_system_becomes_a_moving_target(ask, users):
    (found,) = ask("Fink ZTF", solar_system="8467")
    made = DataServiceProvider("Fink ZTF").make_target(found, Access(users["owner"]))
    assert (made.target.name, made.target.type) == ("8467", Target.NON_SIDEREAL)
    assert ask("Fink ZTF", solar_system="no such body") == []


def test_a_light_curve_holds_limits_and_the_same_points_once(first, users):
    asked = DataServiceProvider("Fink ZTF")
    target = asked.make_target(first, Access(users["owner"])).target
    for _ in range(2):
        asked.bring_data(target, first)
    rows = PhotometryReducedDatum.objects.filter(target=target)
    assert rows.filter(limit__isnull=False).count() > 0
    detections = rows.filter(brightness__isnull=False)
    assert detections.count() == 1  # previous ones are of bad quality in this answer
    assert detections.get().value["candid"] == first["extras"]["ztf_candid"]
    assert ObjectClassification.objects.filter(target=target, class_name="SN candidate").count() == 1


def test_a_target_of_another_name_is_found_by_its_place(first, users):
    target = SiderealTargetFactory(name="Mine", ra=first["ra"], dec=first["dec"])
    DataServiceProvider("Fink ZTF").update(target)
    assert [alias.name for alias in target.aliases.all()] == [first["name"]]
    far = SiderealTargetFactory(name="Far", ra=1.0, dec=-80.0)
    with pytest.raises(MissingDataException, match="knows nothing within 2 arcsec of Far"):
        DataServiceProvider("Fink ZTF").update(far)


def test_a_refusal_in_python_is_told_as_a_sentence(ask):
    with pytest.raises(QueryServiceError, match="Fink ZTF refuses the query: Gone is not a valid class"):
        ask("Fink ZTF", class_name="Gone")


def test_a_body_of_the_solar_system_brings_its_light_curve_and_is_updated(ask, users, stand_ins):
    (found,) = ask("Fink ZTF", solar_system="8467")
    asked = DataServiceProvider("Fink ZTF")
    target = asked.make_target(found, Access(users["owner"])).target
    assert (target.name, target.type) == ("8467", Target.NON_SIDEREAL)
    assert asked.bring_data(target, found) == 3
    assert asked.update(target) == 3
    assert PhotometryReducedDatum.objects.filter(target=target).count() == 3
    unnamed = Target.objects.create(name="LSST-SSO-21163624394469969", type=Target.NON_SIDEREAL)
    with pytest.raises(MissingDataException, match="give the target its number or designation"):
        DataServiceProvider("Fink LSST").update(unnamed)


def test_a_name_that_fink_refuses_keeps_it_from_no_further_one(stand_ins, db, monkeypatch):
    def ztf_sso(self, asked):
        return "Not a valid name" if " " in asked["n_or_d"] else told(asked)

    told = stand_ins.fink.ztf_sso
    monkeypatch.setattr(type(stand_ins.fink), "ztf_sso", ztf_sso)
    target = Target.objects.create(name="My comet", type=Target.NON_SIDEREAL)
    with pytest.raises(QueryServiceError, match="refuses the query: Not a valid name"):
        DataServiceProvider("Fink ZTF").update(target)
    target.aliases.create(name="8467")
    assert DataServiceProvider("Fink ZTF").update(target) == 3


@pytest.mark.parametrize(
    ("values", "n"), [({"max_results": 5}, "5"), ({"max_results": 5, "mag_max": 19.0}, "1000")]
)
def test_a_full_answer_is_told_and_limits_of_ours_have_enough_to_choose_from(
    ask, users, stand_ins, values, n
):
    asked = {"class_name": "SN candidate", **values}
    run = start_run(DataServiceProvider("Fink ZTF", users["owner"]), asked, in_background=False)
    fetch_now(run)
    assert [sent["n"] for _, name, sent in stand_ins.fink.asked if name == "latests"] == [n]
    assert run.found == 5
    told = "Fink ZTF gave the newest 5 alerts, of 5 objects; there may be more."
    assert run.feedback.startswith(told) is (n == "5")


def test_names_are_asked_for_as_fink_writes_them_and_those_that_bring_nothing_are_told(
    first, users, stand_ins
):
    asked = {"objects": f"{first['name'].lower()}\nZTF99zzzzzzz"}
    run = start_run(DataServiceProvider("Fink ZTF", users["owner"]), asked, in_background=False)
    fetch_now(run)
    assert [row.name for row in run.results.all()] == [first["name"]]
    assert run.feedback == "Fink ZTF gave nothing that fits for ZTF99zzzzzzz."


# --- LSST


def test_a_tag_gives_fixed_and_moving_objects_with_exact_ids(ask):
    found = ask("Fink LSST", class_name="in_tns", max_results="1000")
    fixed = [one for one in found if one["type"] == "SIDEREAL"]
    moving = [one for one in found if one["type"] == "NON_SIDEREAL"]
    assert all(one["name"] == f"LSST-P-DO-{one['id']}" and one["id"] in one["aliases"] for one in fixed)
    assert moving
    assert all(int(one["id"]) > 2**53 or not one["id"].isdecimal() for one in (*fixed, *moving))


def test_lsst_light_curves_keep_negative_fluxes_and_forced_points(ask, users):
    found = next(one for one in ask("Fink LSST", class_name="in_tns") if one["type"] == "SIDEREAL")
    asked = DataServiceProvider("Fink LSST")
    target = asked.make_target(found, Access(users["owner"])).target
    count = asked.bring_data(target, found)
    rows = PhotometryReducedDatum.objects.filter(target=target)
    assert rows.count() == count > 100
    assert rows.filter(unit="nJy", brightness__lt=0).exists()
    assert asked.bring_data(target, found) == count
    assert rows.count() == count


def test_dates_around_a_place_bring_the_column_they_need(ask, stand_ins):
    ask("Fink LSST", position="150 2", radius="10", since="2026-01-01")
    (arguments,) = [sent for _, name, sent in stand_ins.fink.asked if name == "conesearch"]
    assert "f:firstDiaSourceMjdTaiFink" in arguments["columns"]


def test_the_lists_of_classes_come_from_the_service(stand_ins):
    from tom_dataservices.registry import get_data_service_class

    headings = dict(get_data_service_class("Fink ZTF")().lists()["classes"])
    assert ("(TNS) SN Ia", "(TNS) SN Ia") in headings["Cross-match with TNS"]
    assert ("in_tns", "in tns") in get_data_service_class("Fink LSST")().lists()["classes"]


def test_images_of_results_are_fetched_once_and_shown_by_us(stand_ins, users, client, at_once):
    client.force_login(users["owner"])
    ask = {"data_service": "Fink ZTF", "class_name": "SN candidate", "max_results": "3", "query_name": ""}
    run = client.post(reverse("dataservices:create"), ask, follow=True).context["run"]
    assert len(stand_ins.fink.calls("GET", "/ztf/api/v1/cutouts")) == 3
    page = client.get(run.get_absolute_url()).content.decode()
    addresses = [reverse("dataservices:result-cutout", args=[row.pk]) for row in run.results.all()]
    assert all(address in page for address in addresses)
    image = client.get(addresses[0])
    assert (image["Content-Type"], image.content[:4]) == ("image/png", b"\x89PNG")
    client.force_login(users["stranger"])
    assert client.get(addresses[0]).status_code == 404
    assert len(stand_ins.fink.calls("GET", "/ztf/api/v1/cutouts")) == 3


def test_what_is_no_image_is_not_kept(stand_ins, users, client, at_once):
    stand_ins.fink.faults = {("GET", "/ztf/api/v1/cutouts"): "html"}
    client.force_login(users["owner"])
    ask = {"data_service": "Fink ZTF", "class_name": "SN candidate", "max_results": "2", "query_name": ""}
    page = client.post(reverse("dataservices:create"), ask, follow=True)
    assert "cutout.png" not in page.content.decode()


def test_an_answer_that_is_full_is_asked_for_in_halves(stand_ins, db, monkeypatch):
    """Fink answers with 10,000 rows at most, and does not tell that it left some out (brokers.md 4.1)."""
    names = sorted({row["i:objectId"] for row in ztf_rows(stand_ins.fink.folder)})[:4]
    whole = {one.object_id: len(one.points) for one in FinkZtf().by_ids(names)}
    most = max(whole.values()) + 1
    answered = stand_ins.fink.ztf_objects
    monkeypatch.setattr(rest, "MOST_ROWS", most)
    monkeypatch.setattr(stand_ins.fink, "ztf_objects", lambda asked: answered(asked)[:most])
    stand_ins.fink.asked.clear()
    assert {one.object_id: len(one.points) for one in FinkZtf().by_ids(names)} == whole
    assert len(stand_ins.fink.asked) > 1
