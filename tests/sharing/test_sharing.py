"""Sharing once with another TOM, a stand-in for TOM Toolkit 3.1.0."""

import json

import pytest
from django.core.exceptions import ImproperlyConfigured

from tom_dataproducts.models import AstrometryReducedDatum, ReducedDatum, SpectroscopyReducedDatum
from tom_dataproducts.sharing import destinations, services
from tom_dataproducts.sharing.request import PARTS, ShareRequest
from tom_dataproducts.tests.factories import DataProductFactory, PhotometryFactory
from tom_targets.sharing import share_target_and_all_data, share_target_with_tom
from tom_targets.tests.factories import SiderealTargetFactory


@pytest.fixture
def share(people, target):
    def run(*, dry_run=False, parts=PARTS, user="owner", targets=(target,), **options):
        request = ShareRequest("peer", [row.pk for row in targets], parts=list(parts), **options)
        return services.share_once(request, user=people[user], dry_run=dry_run)

    return run


def outcomes(report):
    found = {}
    for item in report.items:
        key = (item.what, item.outcome)
        found[key] = found.get(key, 0) + item.count
    return found


def refusals(report):
    return [item.text for item in report.items if item.outcome == "refused"]


@pytest.fixture
def everything(target, points):
    SpectroscopyReducedDatum.objects.create(target=target, flux=[1.0, 2.0], wavelength=[4000.0, 4001.0])
    AstrometryReducedDatum.objects.create(target=target, ra=10.5, dec=-20.25)
    ReducedDatum.objects.create(target=target, data_type="classification", value={"class": "SN Ia"})
    DataProductFactory(target=target, product_id=None)


def test_a_target_arrives_with_names_extras_lists_data_and_files(peer, share, everything, target):
    report = share(list_names=["Our list"])
    row = peer.targets[1]
    assert (row["name"], row["ra"], row["dec"]) == ("AT 2026abc", 10.5, -20.25)
    assert [alias["name"] for alias in row["aliases"]] == ["ZTF26aaaaaaa"]
    assert [(extra["key"], extra["value"]) for extra in row["targetextra_set"]] == [("redshift", "0.1")]
    assert peer.lists == ["Our list"]
    kinds = sorted(datum["data_type"] for datum in peer.data)
    assert kinds == ["astrometry", "classification", *["photometry"] * 4, "spectroscopy"]
    assert len(peer.files) == 1
    assert (report.refused, report.summary()) == (0, "12 created")


def test_the_dry_run_says_the_same_and_changes_nothing(peer, share, everything):
    dry = share(dry_run=True, list_names=["Our list"])
    assert (peer.targets, peer.data, peer.files) == ({}, [], {})
    assert outcomes(dry) == outcomes(share(list_names=["Our list"]))


def test_the_second_time_changes_nothing(peer, share, everything):
    share()
    state = json.dumps([peer.targets, peer.data, peer.files], default=str)
    before = len(peer.calls("POST"))
    again = share()
    assert json.dumps([peer.targets, peer.data, peer.files], default=str) == state
    assert (again.changes, again.refused) == (0, 0)
    # One file type is rehearsed only where a file is missing.
    assert (len(peer.calls("POST")) - before, peer.calls("PATCH")) == (0, [])


def test_new_points_alone_are_sent(peer, share, target, points):
    share()
    PhotometryFactory(target=target, bandpass="g")
    report = share()
    assert outcomes(report)[("photometry", "created")] == 1
    assert outcomes(report)[("photometry", "same")] == 4
    assert len(peer.data) == 5


def existing(peer, **changes):
    row = {"id": 1, "name": "AT 2026abc", "type": "SIDEREAL", "permissions": "PUBLIC", "ra": 10.5}
    row |= {"dec": -20.25, "epoch": None, "distance": None, "aliases": [], "targetextra_set": []}
    peer.targets[1] = {**row, **changes}


@pytest.mark.parametrize("name", ["at2026ABC", "AT_2026-abc"])
def test_a_name_matches_case_and_separators_apart(peer, share, name):
    existing(peer, name=name)
    share()
    assert list(peer.targets) == [1]


def test_an_alias_there_matches_a_name_here(peer, share):
    existing(peer, name="something else", aliases=[{"id": 1, "name": "AT 2026abc"}])
    report = share()
    assert list(peer.targets) == [1]
    assert "something else has the same name." in [item.text for item in report.items]


def test_a_position_matches_and_our_name_becomes_an_alias(peer, share):
    existing(peer, name="Gaia26xyz", ra=10.5 + 0.5 / 3600)
    report = share()
    assert [alias["name"] for alias in peer.targets[1]["aliases"]] == ["AT 2026abc", "ZTF26aaaaaaa"]
    assert "Gaia26xyz is at the same position." in [item.text for item in report.items]


def test_a_position_farther_than_the_radius_does_not_match(peer, share):
    existing(peer, name="Gaia26xyz", ra=10.5 + 1.5 / 3600)
    share()
    assert len(peer.targets) == 2


def test_names_that_contain_ours_do_not_match(peer, share):
    existing(peer, name="AT 2026abcd", ra=100.0)
    share()
    assert len(peer.targets) == 2


def test_several_matches_are_refused_and_nothing_is_sent(peer, share, points):
    existing(peer)
    peer.targets[2] = {**peer.targets[1], "id": 2, "name": "ZTF26aaaaaaa"}
    report = share()
    assert refusals(report) == ["2 targets at the Peer could be AT 2026abc: AT 2026abc, ZTF26aaaaaaa."]
    assert peer.data == []


def test_facts_missing_there_are_filled_and_those_that_differ_left(peer, share, target):
    target.distance, target.epoch = 25.0, 2000.0
    target.save()
    existing(peer, epoch=1950.0, targetextra_set=[{"id": 7, "key": "redshift", "value": "0.2"}])
    report = share()
    row = peer.targets[1]
    assert (row["distance"], row["epoch"], row["targetextra_set"][0]["value"]) == (25.0, 1950.0, "0.2")
    assert {item.text for item in report.items if item.outcome == "left"} == {
        "epoch: 1950.0 there, 2000.0 here",
        "redshift: 0.2 there, 0.1 here",
    }


def test_facts_that_differ_are_replaced_where_asked(peer, share, target):
    target.epoch = 2000.0
    target.save()
    existing(peer, epoch=1950.0, targetextra_set=[{"id": 7, "key": "redshift", "value": "0.2"}])
    share(overwrite=True)
    row = peer.targets[1]
    assert (row["epoch"], row["targetextra_set"]) == (
        2000.0,
        [{"id": 7, "key": "redshift", "value": "0.1"}],
    )


def test_without_the_part_target_a_missing_one_is_not_made(peer, share, points):
    report = share(parts=["photometry"])
    assert peer.targets == {}
    assert refusals(report) == ["the Peer has no target of this name or at this position."]


def test_chosen_points_and_files_alone_are_sent(peer, share, target, points):
    files = [DataProductFactory(target=target) for _ in range(2)]
    share(parts=["target", "photometry", "files"], datum_ids=[points[1].pk], product_ids=[files[0].pk])
    assert [datum["value"]["brightness"] for datum in peer.data] == [points[1].brightness]
    assert list(peer.files) == [files[0].product_id]


def test_an_alias_that_the_other_side_drops_is_reported(peer, share):
    existing(peer)
    peer.targets[2] = {**peer.targets[1], "id": 2, "name": "ZTF26aaaaaaa", "aliases": [], "ra": 100.0}
    peer.hidden = {"ZTF26aaaaaaa"}
    report = share(parts=["target", "aliases"])
    assert refusals(report) == ["the Peer did not take: ZTF26aaaaaaa."]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (401, "does not accept our login (401)"),
        (403, "answered 403: this account is not permitted to do that there"),
        (404, "answered 404: not found there"),
        (429, "answered 429: too many requests"),
        (500, "answered 500: it has a problem of its own"),
        ("half", "broke off"),
        ("garbage", "did not answer with JSON"),
        ("html", "Server Error (500)"),
        ("redirect", "has moved"),
    ],
)
def test_what_goes_wrong_at_the_first_question_stops_all_in_plain_words(
    peer, pauses, share, fault, words, target
):
    peer.faults[("GET", "/api/targets/")] = fault
    others = [SiderealTargetFactory() for _ in range(2)]
    report = share(targets=(target, *others), user="superuser")
    assert words in report.stopped
    assert report.not_tried == 2
    assert len(refusals(report)) == 1


def test_a_wrong_password_is_told_as_that_although_the_peer_says_403(peer, share, settings):
    settings.DATA_SHARING["peer"]["PASSWORD"] = "wrong"
    report = share()
    assert report.stopped == (
        "the Peer does not accept our login (403): user name and password, or the token, that DATA_SHARING"
        " holds for it are wrong."
    )


def test_a_token_is_taken_instead_of_a_password(peer, share, settings):
    entry = settings.DATA_SHARING["peer"]
    settings.DATA_SHARING = {"peer": {"BASE_URL": entry["BASE_URL"], "API_TOKEN": "good-token"}}
    assert share().stopped == ""


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_hidden_target_of_the_name_is_explained(peer, share, dry_run):
    existing(peer)
    peer.hidden = {"AT 2026abc"}
    (text,) = refusals(share(dry_run=dry_run))
    assert "name: target with this Name already exists" in text
    assert "A target that our account there may not see bears the name" in text


@pytest.mark.parametrize("dry_run", [False, True])
def test_a_target_that_may_not_be_changed_there_is_refused_but_its_data_go(peer, share, points, dry_run):
    existing(peer)
    peer.read_only = {"AT 2026abc"}
    report = share(dry_run=dry_run)
    assert "the Peer answered 404: not found there, or hidden from this account" in refusals(report)[0]
    assert outcomes(report)[("photometry", "created")] == 4


def test_one_refused_point_does_not_stop_the_others(peer, share, points):
    peer.faults[("POST", "/api/reduceddatums/")] = [None, 500, None, 400]
    report = share()
    assert outcomes(report)[("photometry", "created")] == 2
    assert outcomes(report)[("photometry", "refused")] == 2
    assert len(peer.data) == 2


def test_too_many_requests_while_sending_stop_all_and_are_made_up_for_later(peer, share, points):
    peer.faults[("POST", "/api/reduceddatums/")], peer.retry_after = [None, 429], "120"
    report = share()
    assert "asks to wait 120 s" in report.stopped
    peer.faults.clear()
    share()
    assert len(peer.data) == 4


def test_a_file_of_a_type_unknown_there_is_refused_before_it_is_sent(peer, share, target):
    DataProductFactory(target=target, data_product_type="spectroscopy")
    for dry_run in (True, False):
        report = share(parts=["target", "files"], dry_run=dry_run)
        assert "data_product_type: Not a valid data_product_type." in refusals(report)[0]
    assert peer.files == {}


def test_what_is_no_tom_is_told_before_anything_is_made(peer, share):
    peer.faults[("POST", "/api/targets/")] = "garbage"
    report = share(dry_run=True)
    assert "did not answer with JSON" in refusals(report)[0]


# --- permissions


@pytest.mark.parametrize(
    ("person", "count"), [("stranger", 0), ("member", 0), ("owner", 1), ("superuser", 1)]
)
def test_only_targets_that_one_may_change_are_shared(peer, share, person, count):
    share(user=person)
    assert len(peer.targets) == count


def test_a_visible_target_is_not_shared_by_those_who_may_only_see_it(peer, share, target):
    target.permissions = "PUBLIC"
    target.save()
    share(user="stranger")
    assert peer.targets == {}


# --- settings


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({}, "needs a BASE_URL"),
        ({"BASE_URL": "ftp://x"}, "needs a BASE_URL"),
        ({"BASE_URL": "http://x/"}, "needs USERNAME and PASSWORD, or API_TOKEN"),
        ({"BASE_URL": "http://x/", "USERNAME": "a"}, "needs USERNAME and PASSWORD, or API_TOKEN"),
    ],
)
def test_a_broken_entry_is_named_and_not_offered(settings, entry, words):
    settings.DATA_SHARING = {"x": entry}
    with pytest.raises(ImproperlyConfigured, match=words):
        destinations.destination("x")
    assert (destinations.choices(), len(destinations.problems())) == ([], 1)


def test_hermes_is_no_tom(settings):
    settings.DATA_SHARING = {"hermes": {"DISPLAY_NAME": "Hermes"}}
    assert (destinations.choices(), destinations.problems()) == ([], [])


def test_the_login_is_not_shown_by_repr(settings):
    settings.DATA_SHARING = {"x": {"BASE_URL": "http://x/", "USERNAME": "a", "PASSWORD": "hush"}}
    assert "hush" not in repr(destinations.destination("x"))


# --- names that plugins know


def test_the_public_functions_share(peer, target, points, people):
    said = share_target_with_tom("peer", {"target": target}, user=people["owner"])
    assert "ERROR" not in said["message"]
    assert (len(peer.targets), peer.data) == (1, [])
    assert "ERROR" not in share_target_and_all_data("peer", target)
    assert len(peer.data) == 4
    peer.faults[("GET", "/")] = 401
    assert share_target_and_all_data("peer", target, people["owner"]).startswith("ERROR")


def test_sharing_a_target_costs_the_same_whatever_it_holds(
    peer, share, target, points, django_assert_max_num_queries
):
    share()
    with django_assert_max_num_queries(16):
        share()
    for _ in range(20):
        PhotometryFactory(target=target)
    with django_assert_max_num_queries(16):
        share()
