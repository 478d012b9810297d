"""The daily list of TNS: which files are read, what is kept, cones without a request, targets completed."""

import datetime as dt
import io

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from tests.standins.tns import list_file, list_row, tns
from tom_common.remote import RemoteBadReply
from tom_dataservices import tns_completion, tns_list
from tom_dataservices.clients.tns_files import ALL, name_of_day
from tom_dataservices.dataservices import get_data_service_class
from tom_dataservices.models import ObjectClassification, TnsListRead, TnsName, TnsObject
from tom_dataservices.tns_tasks import read_tns_list
from tom_targets.models import Target, TargetName

TODAY = dt.datetime(2026, 11, 21, 6, 0, tzinfo=dt.UTC)
SUPERNOVA = {
    "name_prefix": "SN",
    "typeid": 3,
    "type": "SN Ia",
    "redshift": 0.031,
    "internal_names": "ZTF26aaaaaaa, ATLAS26abc",
}


@pytest.fixture
def standin(db, settings, time_machine_at):
    time_machine_at(TODAY)
    with tns() as state:
        settings.DATA_SERVICES = state.settings()
        yield state


@pytest.fixture
def time_machine_at(monkeypatch):
    """Give a function that sets the time by which the list is read."""

    def at(moment):
        monkeypatch.setattr(tns_list.timezone, "now", lambda: moment)

    return at


def read(*rows, name="tns_public_objects.csv"):
    return tns_list.read_file(io.BytesIO(list_file(*rows)), name)


def found(**values):
    service = get_data_service_class("TNS")()
    form = service.get_form_class()({"data_service": "TNS", "query_name": "", **values})
    assert form.is_valid(), form.errors
    return list(service.query_targets(service.build_query_parameters(form.cleaned_data)))


# --- files


def day_file(day):
    return name_of_day(dt.date(2026, 11, day))


def test_everything_is_read_first_then_each_day_once(standin, time_machine_at):
    standin.files[ALL] = list_file(list_row(1, "2026abc"), list_row(2, "2026abd"))
    standin.files[day_file(20)] = list_file(list_row(3, "2026abe"))
    assert tns_list.read_new_files().changed == 3
    assert standin.fetched == [ALL, day_file(20)]
    assert tns_list.read_new_files().files == []
    assert standin.fetched == [ALL, day_file(20)]
    time_machine_at(TODAY + dt.timedelta(days=2))
    row = list_row(1, "2026abc", **SUPERNOVA, lastmodified="2026-11-21 12:00:00")
    standin.files[day_file(21)] = list_file(row)
    assert tns_list.read_new_files().files == [day_file(21)]  # that of the 22nd is not made yet
    assert tns_list.covered_until() == dt.date(2026, 11, 21)
    assert TnsObject.objects.get(pk=1).full_name == "SN 2026abc"
    standin.files[day_file(22)] = list_file(list_row(4, "2026abf"))
    assert tns_list.read_new_files().files == [day_file(22)]
    assert standin.asked == []  # no question of the interface was spent


def test_the_file_of_everything_may_lack_yesterday(standin, time_machine_at):
    """At 00:05 that of the day before still lies there: yesterday is read when its file is made."""
    time_machine_at(dt.datetime(2026, 11, 21, 0, 5, tzinfo=dt.UTC))
    standin.files[ALL] = list_file(list_row(1, "2026abc"))
    tns_list.read_new_files()
    assert tns_list.covered_until() == dt.date(2026, 11, 19)
    time_machine_at(TODAY)
    standin.files[day_file(20)] = list_file(list_row(2, "2026abd"))
    assert tns_list.read_new_files().changed == 1


def test_who_is_far_behind_reads_everything_again(standin, time_machine_at):
    standin.files[ALL] = list_file(list_row(1, "2026abc"))
    tns_list.read_new_files()
    time_machine_at(TODAY + dt.timedelta(days=40))
    tns_list.read_new_files()
    assert standin.fetched.count(ALL) == 2


def test_a_day_that_is_missing_in_between_is_made_up_for(standin, time_machine_at):
    standin.files[ALL] = list_file(list_row(1, "2026abc"))
    tns_list.read_new_files()
    time_machine_at(TODAY + dt.timedelta(days=3))
    tns_list.read_new_files()
    assert standin.fetched == [ALL, day_file(20), day_file(20), ALL]
    assert tns_list.covered_until() == dt.date(2026, 11, 22)


def test_reading_twice_changes_nothing_and_older_rows_do_not_count(standin):
    rows = [list_row(1, "2026abc", **SUPERNOVA), list_row(2, "2026abd")]
    assert read(*rows).changed == 2
    before = list(TnsObject.objects.order_by("pk").values()), TnsName.objects.count()
    assert read(*rows).changed == 0
    assert read(list_row(1, "2026abc", lastmodified="2026-10-03 00:00:00", type="SN II")).changed == 0
    assert (list(TnsObject.objects.order_by("pk").values()), TnsName.objects.count()) == before


def test_of_a_repeated_row_the_newest_counts_and_names_follow(standin):
    read(
        list_row(1, "2026abc", lastmodified="2026-10-06 00:00:00", internal_names="ZTF26new"),
        list_row(1, "2026abc", lastmodified="2026-10-05 00:00:00", internal_names="ZTF26old"),
    )
    assert set(TnsName.objects.values_list("name_key", flat=True)) == {"2026abc", "ztf26new"}
    read(list_row(1, "2026abc", lastmodified="2026-10-07 00:00:00", internal_names="ATLAS26x"))
    assert set(TnsName.objects.values_list("name_key", flat=True)) == {"2026abc", "atlas26x"}


def test_rows_that_cannot_be_used_are_told_and_keep_no_others_out(standin):
    report = read(
        list_row(1, "2026abc", ra="north"),
        list_row("", "2026abd"),
        list_row(3, "2026abe", lastmodified="yesterday"),
        list_row(4, "2026abf"),
    )
    assert (report.rows, report.changed, report.rejected) == (4, 1, 3)
    assert report.reasons[0] == "2026abc: north -32.2 is no position"
    assert list(TnsObject.objects.values_list("name", flat=True)) == ["2026abf"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<html>Sorry</html>", "no header of the list"),
        (b"PK\x03\x04 and then nothing", "no ZIP file"),
        (list_file(list_row(1, "2026abc"), name="readme.txt"), "does not hold one CSV"),
    ],
)
def test_what_is_no_list_is_refused(standin, content, words):
    with pytest.raises(RemoteBadReply, match=words):
        tns_list.read_file(io.BytesIO(content), "some.zip")
    assert not TnsListRead.objects.exists()


# --- answers from the table


def test_a_cone_is_answered_without_a_request_the_nearest_first(standin):
    read(
        list_row(1, "2026abc", **SUPERNOVA, ra=0.0002, declination=89.0),
        list_row(2, "2026abd", ra=359.9999, declination=89.0),
        list_row(3, "2026abe", ra=0.0, declination=88.0),
        list_row(4, "2026frb", ra=0.0, declination=89.0, name_prefix="FRB"),
    )
    rows = found(position="0.0001 89", radius="10", from_list="on")
    assert [row["name"] for row in rows] == ["SN 2026abc", "AT 2026abd"]
    # 0.0001 deg of right ascension times cos 89 deg is 0.0063 arcsec
    assert rows[0]["separation_arcsec"] == pytest.approx(0.00628, abs=1e-4)
    assert (rows[0]["class"], rows[0]["extras"]["redshift"]) == ("SN Ia", 0.031)
    assert rows[0]["time"] == "2026-10-03T04:11:22Z"
    assert standin.requests == []


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({"objects": "SN2026abc"}, ["2026abc"]),
        ({"objects": "ZTF26aaaaaaa"}, ["2026abc"]),
        ({"class_name": "3"}, ["2026abc"]),
        ({"classified": "no"}, ["2026abd"]),
        ({"mag_max": "18"}, ["2026abd"]),
        ({"since": "2026-11-01"}, ["2026abd"]),
        ({"until": "2026-10-31", "redshift_min": "0.01"}, ["2026abc"]),
        ({"name_like": "2026ab"}, ["2026abd", "2026abc"]),
        ({"internal_like": "ATLAS26"}, ["2026abc"]),
    ],
)
def test_limits_are_kept(standin, values, names):
    read(
        list_row(1, "2026abc", **SUPERNOVA),
        list_row(2, "2026abd", discoverymag=17.0, discoverydate="2026-11-02 00:00:00"),
    )
    assert [row["id"] for row in found(from_list="on", **values)] == names


def test_the_form_offers_the_list_where_there_is_one_and_refuses_what_it_does_not_tell(standin):
    form_class = get_data_service_class("TNS").get_form_class()
    assert "from_list" not in form_class().fields
    read(list_row(1, "2026abc", lastmodified="2026-11-20 10:00:00"))
    assert "2026-11-19 UTC" in form_class().fields["from_list"].help_text
    form = form_class({"data_service": "TNS", "query_name": "", "hostname": "NGC 1", "from_list": "on"})
    assert "does not tell this" in str(form.errors["hostname"])


# --- targets


def test_targets_get_names_and_class_once(standin):
    by_alias = Target.objects.create(name="Our star", type="SIDEREAL", ra=150.1, dec=-32.2)
    TargetName.objects.create(target=by_alias, name="ZTF26aaaaaaa")
    other = Target.objects.create(name="2026abd", type="SIDEREAL", ra=10.0, dec=5.0)
    read(list_row(1, "2026abc", **SUPERNOVA), list_row(2, "2026abd", ra=10.0, declination=5.0))
    report = tns_completion.complete_targets()
    assert (report.looked_at, report.known, report.names, report.classes) == (2, 2, 3, 1)
    assert set(by_alias.aliases.values_list("name", flat=True)) == {
        "ZTF26aaaaaaa",
        "SN 2026abc",
        "ATLAS26abc",
    }
    assert list(other.aliases.values_list("name", flat=True)) == ["AT 2026abd"]
    said = ObjectClassification.objects.get()
    assert (said.target_id, said.service, said.class_name) == (by_alias.pk, "TNS", "SN Ia")
    assert said.seen_at == dt.datetime(2026, 10, 4, 10, tzinfo=dt.UTC)
    again = tns_completion.complete_targets()
    assert (again.known, again.names, again.classes) == (2, 0, 0)
    read(list_row(2, "2026abd", ra=10.0, declination=5.0, lastmodified="2026-10-08 00:00:00", type="SN II"))
    assert tns_completion.complete_targets().classes == 1


def test_a_transient_elsewhere_or_several_of_a_name_are_told_and_left(standin):
    Target.objects.create(name="AT2026abc", type="SIDEREAL", ra=150.2, dec=-32.2)
    Target.objects.create(name="ZTF26shared", type="SIDEREAL", ra=10.0, dec=5.0)
    shared = {"internal_names": "ZTF26shared", "ra": 10.0, "declination": 5.0}
    read(list_row(1, "2026abc"), list_row(2, "2026abd", **shared), list_row(3, "2026abe", **shared))
    report = tns_completion.complete_targets()
    assert (report.known, TargetName.objects.count()) == (0, 0)
    assert "lies more than 1 arcmin from it" in report.notes[0]
    assert report.notes[1] == "ZTF26shared: its names belong to several transients, AT 2026abd, AT 2026abe."


def test_a_user_completes_only_targets_that_the_user_may_change(standin, tmp_path):
    User.objects.create_user("observer")
    Target.objects.create(name="AT2026abc", type="SIDEREAL", ra=150.1, dec=-32.2, permissions="PUBLIC")
    file = tmp_path / "tns_public_objects.csv.zip"
    file.write_bytes(list_file(list_row(1, "2026abc", **SUPERNOVA)))
    out = io.StringIO()
    call_command("readtnslist", "--file", str(file), "--complete", "--user", "observer", stdout=out)
    assert "1 new or changed" in out.getvalue() and "0 targets looked at" in out.getvalue()
    assert not ObjectClassification.objects.exists()
    call_command("readtnslist", "--file", str(file), "--complete", stdout=out)
    assert ObjectClassification.objects.get().class_name == "SN Ia"


def test_the_command_says_what_is_wrong(standin, tmp_path, settings):
    with pytest.raises(CommandError, match="has no file tns_public_objects"):
        call_command("readtnslist")
    with pytest.raises(CommandError, match="no user named nobody"):
        call_command("readtnslist", "--user", "nobody")
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        call_command("readtnslist", "--file", str(tmp_path / "none.zip"))
    settings.DATA_SERVICES = {"TNS": {"base_url": standin.url}}
    with pytest.raises(CommandError, match="set api_key, bot_id and bot_name"):
        call_command("readtnslist")


def test_the_periodic_task_waits_for_the_settings(standin, settings):
    Target.objects.create(name="AT2026abc", type="SIDEREAL", ra=150.1, dec=-32.2)
    standin.files[ALL] = list_file(list_row(1, "2026abc", **SUPERNOVA))
    assert read_tns_list() == {"read": 0}
    assert standin.requests == []
    settings.DATA_SERVICES["TNS"] |= {"daily_list": True}
    assert read_tns_list() == {"rows": 1, "changed": 1, "left_out": 0}
    assert not ObjectClassification.objects.exists()
    settings.DATA_SERVICES["TNS"] |= {"complete_targets": True}
    assert read_tns_list()["classifications"] == 1


def test_many_targets_cost_few_questions(standin, django_assert_max_num_queries):
    for number in range(60):
        Target.objects.create(name=f"Star {number}", type="SIDEREAL", ra=number, dec=0.0)
    read(*(list_row(number + 1, f"2026a{number}") for number in range(60)))
    with django_assert_max_num_queries(8):
        tns_completion.complete_targets()


def test_the_list_spares_the_search_for_a_name_of_a_survey(standin):
    assert [row["name"] for row in found(objects="ZTF26aaaaaaa")] == ["SN 2026abc"]
    assert [what for what, _ in standin.asked] == ["search", "object"]
    standin.asked.clear()
    read(list_row(190001, "2026abc", **SUPERNOVA))
    assert [row["name"] for row in found(objects="ZTF26aaaaaaa")] == ["SN 2026abc"]
    assert [what for what, _ in standin.asked] == ["object"]


def test_both_names_of_an_object_of_rubin_are_the_same(standin):
    target = Target.objects.create(name="LSST-P-DO-170028508652666896", type="SIDEREAL", ra=150.1, dec=-32.2)
    read(list_row(1, "2026abc", internal_names="LSST-AP-DO-170028508652666896"))
    assert tns_completion.complete_targets().known == 1
    assert target.aliases.filter(name="AT 2026abc").exists()
    assert [row["id"] for row in found(objects="LSST-P-DO-170028508652666896", from_list="on")] == ["2026abc"]


def test_a_fast_radio_burst_is_known_by_its_name_of_eight_digits(standin):
    target = Target.objects.create(name="FRB 20180916B", type="SIDEREAL", ra=29.503, dec=65.717)
    burst = {"name_prefix": "FRB", "typeid": 130, "type": "FRB", "ra": 29.503, "declination": 65.717}
    read(list_row(28000, "20180916B", **burst))
    assert tns_completion.complete_targets().known == 1
    assert target.classifications.exists()
    assert [row["name"] for row in found(objects="FRB 20180916B", from_list="on")] == ["FRB 20180916B"]


def test_an_older_file_of_everything_covers_its_own_days_only(standin):
    read(list_row(1, "2026abc", lastmodified="2026-11-20 10:00:00"), name=name_of_day(dt.date(2026, 11, 20)))
    read(list_row(2, "2026abd", lastmodified="2026-11-10 10:00:00"), name=ALL.removesuffix(".zip"))
    assert tns_list.covered_until() == dt.date(2026, 11, 9)
