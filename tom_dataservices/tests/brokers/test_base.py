"""What all brokers share: the form, the rules between its fields, points, names, classifications."""

from urllib.parse import urlencode

import pytest
from django.urls import reverse

from tom_dataproducts.models import PhotometryReducedDatum
from tom_dataservices.classifications import by_broker, keep_classifications
from tom_dataservices.clients.broker import BrokerClient, BrokerObject, id_text, number, point, text
from tom_dataservices.data_services.broker import BrokerQueryForm, BrokerService, plain_query, store_points
from tom_dataservices.data_services.broker.limits import fits
from tom_dataservices.models import ObjectClassification, QueryRun, ServiceChoices
from tom_dataservices.periodic import read_service_choices
from tom_targets.models import Target
from tom_targets.tests.factories import SiderealTargetFactory

SN = {"classifier": "light curve", "version": "1.0", "class_name": "SNIa", "mjd_utc": 61300.5}
POINTS = tuple(
    one
    for one in (
        point(mjd=61300.25, band="g", mag=18.5, mag_err=0.05, measurement="3400000000015000001"),
        point(mjd=61301.25, band="r", mag=18.1, mag_err=0.04, measurement="3401000000015000001"),
        point(mjd=61302.25, band="r", limit=20.5),
    )
    if one
)


class MadeUpClient(BrokerClient):
    name = "Made up"
    base_url = "http://127.0.0.1:9"


class MadeUpForm(BrokerQueryForm):
    service_name = "Made up"
    sorts = (("mag", "brightness"),)
    default_classes = (("SNIa", "SNIa"),)
    max_radius_arcsec = 60.0


class MadeUpBroker(BrokerService):
    """Knows three thousand objects and counts those that were asked for."""

    name = "Made up"
    client = MadeUpClient
    form = MadeUpForm
    given = 0

    def objects(self, query):
        for number_ in range(3000):
            type(self).given += 1
            yield BrokerObject(
                f"ZTF26aaaa{chr(97 + number_ // 26 % 26)}{chr(97 + number_ % 26)}{chr(97 + number_ // 676)}",
                f"ZTF26aaaa{chr(97 + number_ // 26 % 26)}{chr(97 + number_ % 26)}{chr(97 + number_ // 676)}",
                150.0 + number_ / 100,
                2.0,
                61300.5,
                18.0 + number_ / 100,
                band="r",
                class_name="SNIa",
                score=0.8,
                points=POINTS,
                classifications=({**SN, "probability": 0.8},),
                url="https://broker.example.org/object",
                extras={"rb": 0.9, "host": None},
            )

    def known(self, object_id):
        return BrokerObject(object_id, object_id, points=POINTS, aliases=("SN 2026abc",))

    def lists(self):
        return {"classes": [("SNIa", "SN Ia"), ("KN", "kilonova")]}


PATH = f"{__name__}.MadeUpBroker"


@pytest.fixture
def broker(settings):
    settings.TOM_DATA_SERVICE_CLASSES = [PATH]
    MadeUpBroker.given = 0
    return MadeUpBroker


def form(**values):
    return MadeUpForm({"data_service": "Made up", **values})


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"radius": "5"}, "position"),
        ({"position": "150.1 2.2", "radius": "61"}, "radius"),
        ({"position": "150.1 2.2", "radius": "2", "radius_unit": "arcmin"}, "radius"),
        ({"position": "150.1 2.2", "radius": "0"}, "radius"),
        ({"position": "nowhere"}, "position"),
        ({"position": "1 1", "from_target": "M31"}, "from_target"),
        ({"from_target": "not there"}, "from_target"),
        ({"since": "2026-11-20", "until": "2026-11-19"}, "until"),
        ({"since": "2026-11-20", "last_days": "3"}, "last_days"),
        ({"since": "yesterday"}, "since"),
        ({"mag_min": "20", "mag_max": "18"}, "mag_max"),
        ({"detections_min": "5", "detections_max": "2"}, "detections_max"),
        ({"probability_min": "1.5"}, "probability_min"),
        ({"max_results": "0"}, "max_results"),
        ({"max_results": "10001"}, "max_results"),
    ],
)
def test_the_form_says_at_the_field_what_does_not_fit(values, field):
    made = form(**values)
    assert not made.is_valid()
    assert list(made.errors) == [field]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "asked"),
    [
        ({"position": "10:00:24 +02:12:00"}, {"ra_deg": 150.1, "dec_deg": 2.2, "radius_arcsec": 10.0}),
        ({"position": "150.1 -2.2 r=30"}, {"ra_deg": 150.1, "dec_deg": -2.2, "radius_arcsec": 30.0}),
        (
            {"position": "0 0", "radius": "0.5", "radius_unit": "arcmin"},
            {"ra_deg": 0.0, "dec_deg": 0.0, "radius_arcsec": 30.0},
        ),
        ({"objects": "ZTF26a, ZTF26b\nZTF26a"}, {"ids": ["ZTF26a", "ZTF26b"]}),
        ({"since": "61300", "until": "JD 2461301.5"}, {"mjd_min": 61300.0, "mjd_max": 61301.0}),
        ({"class_name": "gone from the list"}, {"class_name": "gone from the list"}),
    ],
)
def test_what_is_typed_becomes_plain_numbers(values, asked):
    made = form(**values)
    assert made.is_valid(), made.errors
    query = plain_query(made.cleaned_data)
    assert {
        key: pytest.approx(query[key]) if isinstance(query[key], float) else query[key] for key in asked
    } == asked


def test_the_position_of_a_target_is_taken_if_one_may_see_it(users):
    SiderealTargetFactory(name="Hidden", ra=1.0, dec=2.0, permissions="PRIVATE")
    SiderealTargetFactory(name="Open", ra=3.0, dec=-4.0, permissions="PUBLIC")
    ask = {"data_service": "Made up"}
    made = MadeUpForm({**ask, "from_target": "Open"}, user=users["owner"])
    assert made.is_valid(), made.errors
    assert plain_query(made.cleaned_data)["dec_deg"] == -4.0
    refused = MadeUpForm({**ask, "from_target": "Hidden"}, user=users["owner"])
    assert refused.errors["from_target"] == ["This TOM has no target named Hidden."]


def test_a_kept_question_about_the_place_of_a_target_can_be_asked_again(users):
    SiderealTargetFactory(name="Open", ra=3.0, dec=-4.0, permissions="PUBLIC")
    made = MadeUpForm({"data_service": "Made up", "from_target": "Open"}, user=users["owner"])
    assert made.is_valid(), made.errors
    again = MadeUpForm(initial=made.cleaned_data, user=users["owner"])
    typed = {name: again.get_initial_for_field(field, name) for name, field in again.fields.items()}
    once_more = MadeUpForm({**typed, "data_service": "Made up"}, user=users["owner"])
    assert once_more.is_valid(), once_more.errors
    assert once_more.cleaned_data["position"] == made.cleaned_data["position"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "typed", "words"),
    [
        (
            "position",
            "150.1 -2.2 r=30",
            "Understood as 10:00:24.00 -02:12:00.0 (150.100000° -2.200000°), within 30″.",
        ),
        ("position", "10:0", "Not understood as a position yet."),
        ("since", "61365.25", "Understood as 2026-11-21 06:00:00 UTC, MJD 61365.25000."),
        ("since", "JD 2461365.75", "Understood as 2026-11-21 06:00:00 UTC, MJD 61365.25000."),
        ("until", "yester", "Not understood as a time yet."),
        ("until", "<b>", "Not understood as a time yet."),
        ("until", " ", ""),
    ],
)
def test_what_is_typed_is_said_in_other_words_below(client, broker, name, typed, words):
    attributes = form().fields[name].widget.attrs
    answer = client.get(f"{attributes['hx-get']}&{urlencode({name: typed})}")
    assert answer.content.decode() == words
    assert words in form(**{name: typed}).fields[name].help_text.replace("&#x27;", "'")
    assert attributes["hx-target"] == f"#understood-{name}"


@pytest.mark.django_db
def test_zero_is_a_value_and_nothing_is_none():
    made = form(mag_min="0", detections_max="0", last_days="0", probability_min="", position="0 0")
    assert made.is_valid(), made.errors
    query = plain_query(made.cleaned_data)
    assert (query["mag_min"], query["detections_max"]) == (0.0, 0)
    assert not {"probability_min", "mjd_min", "last_days", "descending"} & set(query)
    assert not fits(BrokerObject("a", "a", mag=-1.0), query)
    assert not fits(BrokerObject("a", "a", detections=1), query)


@pytest.mark.django_db
def test_a_window_of_the_last_days_moves_with_the_runs():
    made = form(last_days="2")
    assert made.is_valid()
    assert "mjd_min" not in made.cleaned_data
    assert 0 < plain_query(made.cleaned_data)["mjd_min"] < plain_query({"since": "2100-01-01"})["mjd_min"]


@pytest.mark.parametrize(
    ("value", "meant"), [("null", None), ("Fail", None), (float("nan"), None), (-999.0, None), ("12.5", 12.5)]
)
def test_words_and_numbers_for_no_value_are_no_value(value, meant):
    assert number(value) == meant
    assert text("Unknown") is None


def test_ids_of_64_bits_stay_exact():
    assert id_text(170000000000000001) == "170000000000000001"
    assert id_text("0") is None
    with pytest.raises(ValueError, match="last digits"):
        id_text(1.7e17)


@pytest.mark.parametrize("most", ["2000", ""])
def test_results_come_as_they_are_needed_and_are_shown(broker, as_owner, most):
    page = as_owner.post(
        reverse("dataservices:create"),
        {"data_service": "Made up", "max_results": most, "query_name": ""},
        follow=True,
    )
    run = page.context["run"]
    assert (run.found, run.has_more, broker.given) == (100, True, 101)
    shown = page.content.decode()
    for words in (
        "10:00:00.00",
        "+02:00:00.0",
        "2026-09-17",
        "r 18.00 mag",
        "SNIa",
        "(0.80)",
        "tom-sparkline",
    ):
        assert words in shown
    as_owner.post(reverse("dataservices:more", args=[run.pk]))
    run.refresh_from_db()
    assert run.found == 200


def test_results_become_targets_with_points_names_and_classifications(broker, as_owner):
    as_owner.post(reverse("dataservices:create"), {"data_service": "Made up", "max_results": "3"})
    run = QueryRun.objects.get()
    send = {"run": run.pk, "all": "1", "permissions": "PUBLIC", "list_name": "", "with_data": "on"}
    for _ in range(2):
        as_owner.post(reverse("dataservices:create-target"), send)
    assert Target.objects.count() == 3
    target = Target.objects.order_by("pk").first()
    assert (target.tags["rb"], target.epoch) == ("0.9", 2000.0)
    assert PhotometryReducedDatum.objects.filter(target=target).count() == 3
    limit = PhotometryReducedDatum.objects.get(target=target, limit__isnull=False)
    assert (limit.limit, limit.source_name, limit.telescope) == (20.5, "ZTF", "P48")
    assert ObjectClassification.objects.filter(target=target).count() == 1


def test_a_target_known_by_an_alias_is_not_made_again(broker, as_owner, users):
    there = SiderealTargetFactory(name="My supernova", permissions="PUBLIC")
    there.aliases.create(name="ZTF26aaaaaaa")
    page = as_owner.post(
        reverse("dataservices:create"), {"data_service": "Made up", "max_results": "1"}, follow=True
    )
    assert [known.pk for known in page.context["rows"][0].known] == [there.pk]
    send = {"run": page.context["run"].pk, "all": "1"}
    answer = as_owner.post(reverse("dataservices:create-target"), send, follow=True)
    assert Target.objects.count() == 1
    assert "Data of My supernova were not added: you may not change it." in answer.content.decode()
    assert not PhotometryReducedDatum.objects.exists()  # whoever may only see it fills nothing in
    assert not ObjectClassification.objects.exists()
    assert set(there.aliases.values_list("name", flat=True)) == {"ZTF26aaaaaaa"}
    there.give_user_access(users["owner"])
    as_owner.post(reverse("dataservices:create-target"), send)
    assert PhotometryReducedDatum.objects.filter(target=there).count() == 3
    assert ObjectClassification.objects.filter(target=there).count() == 1


def test_the_data_of_a_target_are_updated_later(broker, users, client):
    target = SiderealTargetFactory(name="ZTF26aaaaaab")
    client.force_login(users["superuser"])
    client.post(reverse("dataservices:update-data"), {"target": target.pk, "data_service": "Made up"})
    assert PhotometryReducedDatum.objects.filter(target=target).count() == 3
    assert target.aliases.get().name == "SN 2026abc"


def test_fluxes_keep_their_sign_and_the_same_point_is_one_row(db):
    target = SiderealTargetFactory()
    faint = point(mjd=61300.5, tai=True, band="i", flux_njy=-120.0, flux_err_njy=30.0, measurement="17" * 9)
    for _ in range(2):
        rows = store_points(target, [faint], survey="LSST")
    row = PhotometryReducedDatum.objects.get()
    assert (row.brightness, row.unit, row.value["diaSourceId"]) == (-120.0, "nJy", "17" * 9)
    assert row.timestamp.isoformat() == "2026-09-17T11:59:23+00:00"  # 37 s behind TAI
    assert rows == [row]


def test_the_lists_of_a_service_in_use_are_read_once_a_day(broker, as_owner):
    as_owner.post(reverse("dataservices:create"), {"data_service": "Made up", "max_results": "1"})
    for _ in range(2):
        read_service_choices()
    assert ServiceChoices.objects.get().choices[1] == ["KN", "kilonova"]
    assert ("KN", "kilonova") in MadeUpForm().fields["class_name"].choices


# --- classifications


def said(probability, mjd, **others):
    return {**SN, "probability": probability, "mjd_utc": mjd, **others}


def test_the_same_answer_twice_adds_nothing_and_changes_are_kept(db):
    target = SiderealTargetFactory()
    assert keep_classifications(target, [said(0.6, 61300.0)], service="ALeRCE") == 1
    assert keep_classifications(target, [said(0.6, 61300.0)], service="ALeRCE") == 0
    assert keep_classifications(target, [said(0.6, 61301.0)], service="ALeRCE") == 0  # still the same
    assert keep_classifications(target, [said(0.7, 61302.0)], service="ALeRCE") == 1
    assert keep_classifications(target, [said(0.6, 61303.0)], service="ALeRCE") == 1  # and back
    assert keep_classifications(target, [said(0.6, 61300.0)], service="Fink") == 1
    assert keep_classifications(target, [{"class_name": ""}], service="Fink") == 0


def test_brokers_stand_side_by_side_the_newest_first(db, django_assert_num_queries):
    target = SiderealTargetFactory()
    keep_classifications(target, [said(0.6, 61300.0), said(0.9, 61305.0)], service="ALeRCE")
    keep_classifications(target, [said(None, 61306.0, class_name="SN candidate")], service="Fink")
    with django_assert_num_queries(1):
        brokers = by_broker(target.classifications.all())
    assert [one.service for one in brokers] == ["Fink", "ALeRCE"]
    now = brokers[1].classifiers[0]
    assert [row.probability for row in now.now] == [0.9]
    assert [[row.probability for row in answer] for answer in now.earlier] == [[0.6]]


def test_a_class_that_was_said_before_and_comes_back_is_kept(db):
    target = SiderealTargetFactory()
    for mjd, class_name in ((61300.0, "SN candidate"), (61301.0, "AGN"), (61302.0, "SN candidate")):
        assert keep_classifications(target, [said(None, mjd, class_name=class_name)], service="Fink") == 1
    (now,) = by_broker(target.classifications.all())[0].classifiers
    assert [row.class_name for row in now.now] == ["SN candidate"]
    assert [[row.class_name for row in answer] for answer in now.earlier] == [["AGN"], ["SN candidate"]]


def test_a_class_that_a_classifier_names_no_more_is_not_shown_as_current(db):
    target = SiderealTargetFactory()
    first = [said(0.9, 61300.0), said(0.1, 61300.0, class_name="AGN")]
    assert keep_classifications(target, first, service="ALeRCE") == 2
    likeliest_alone = [said(0.9, 61301.0)]
    assert keep_classifications(target, likeliest_alone, service="ALeRCE") == 0
    then = [said(0.2, 61302.0, class_name="CV"), said(0.1, 61302.0, class_name="AGN")]
    assert keep_classifications(target, then, service="ALeRCE") == 2
    (now,) = by_broker(target.classifications.all())[0].classifiers
    assert [(row.class_name, row.probability) for row in now.now] == [("CV", 0.2), ("AGN", 0.1)]
