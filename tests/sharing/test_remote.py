"""The one way of remote HTTP, against a server that misbehaves."""

import logging
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import requests

from tom_common.remote import (
    RemoteBadReply,
    RemoteError,
    RemoteRejected,
    RemoteService,
    RemoteUnavailable,
    reported,
)

SECRET = "secret of the peer"
PATH = "/api/targets/"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def service(peer):
    return RemoteService("the Peer", peer.url, auth=("sharer", SECRET), read_timeout_s=0.3)


def test_json_is_returned(service):
    assert service.get_json("api/targets/")["results"] == []


def test_a_get_is_tried_three_times_with_growing_pauses(service, peer, pauses):
    peer.faults[("GET", PATH)] = 503
    with pytest.raises(RemoteUnavailable, match="the Peer answered 503") as caught:
        service.get_json("api/targets/")
    assert (caught.value.status, len(peer.calls("GET")), pauses) == (503, 3, [1.0, 2.0])


def test_a_get_succeeds_once_the_service_is_back(service, peer, pauses):
    peer.faults[("GET", PATH)] = [500, 429, None]
    assert service.get_json("api/targets/")["count"] == 0


@pytest.mark.parametrize("fault", [500, 429, "hang", "half"])
def test_a_post_is_never_repeated(service, peer, pauses, fault):
    peer.faults[("POST", PATH)] = fault
    with pytest.raises(RemoteUnavailable):
        service.post_json("api/targets/", {})
    assert (len(peer.calls("POST")), pauses) == (1, [])


def test_a_search_by_post_is_tried_as_a_get_is_and_has_never_obeyed(service, peer, pauses):
    peer.faults[("POST", PATH)] = "hang"
    with pytest.raises(RemoteUnavailable) as caught:
        service.ask_form("api/targets/", {})
    assert (len(peer.calls("POST")), pauses) == (3, [1.0, 2.0])
    assert not caught.value.may_have_obeyed


def test_only_what_the_decision_names_is_asked_by_a_post_that_is_repeated():
    """A new call of `ask_form` comes with its address, and why that changes nothing."""
    [decision] = (ROOT / "docs" / "decisions").glob("0387-*.md")
    named = set(re.findall(r"`(tom_\w+/[\w/]+\.py)`", decision.read_text()))
    files = [path for path in ROOT.glob("tom_*/**/*.py") if "tests" not in path.parts]
    asking = {str(path.relative_to(ROOT)) for path in files if ".ask_form(" in path.read_text()}
    assert named == asking != set()


def test_an_unanswered_post_may_have_been_obeyed(service, peer):
    peer.faults[("POST", PATH)] = "hang"
    with pytest.raises(RemoteUnavailable, match="did not answer within 0 s; it may have obeyed nevertheless"):
        service.post_json("api/targets/", {})


def test_retry_after_in_seconds_is_the_pause(service, peer, pauses):
    peer.faults[("GET", PATH)], peer.retry_after = [429, None], "7"
    service.get_json("api/targets/")
    assert pauses == [7.0]


def test_retry_after_as_a_date_is_the_pause(service, peer, pauses):
    peer.faults[("GET", PATH)] = [429, None]
    peer.retry_after = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    service.get_json("api/targets/")
    assert 25 < pauses[0] <= 30


def test_who_asks_for_more_than_a_minute_is_not_waited_for(service, peer, pauses):
    peer.faults[("GET", PATH)], peer.retry_after = 429, "3600"
    with pytest.raises(RemoteUnavailable, match=r"too many requests \(asks to wait 3600 s\)") as caught:
        service.get_json("api/targets/")
    assert (caught.value.retry_after_s, pauses) == (3600.0, [])


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "it refuses what was sent"),
        (401, "does not accept the credentials"),
        (403, "not permitted"),
        (404, "not found there"),
        (418, "it refuses the request"),
    ],
)
def test_a_refusal_says_what_it_means_and_is_not_repeated(service, peer, pauses, status, words):
    peer.faults[("GET", PATH)] = status
    with pytest.raises(RemoteRejected, match=words) as caught:
        service.get_json("api/targets/")
    assert (caught.value.status, caught.value.detail) == (status, f"fault {status}")
    assert len(peer.calls("GET")) == 1


def test_what_is_no_json_is_a_bad_reply(service, peer):
    peer.faults[("GET", PATH)] = "garbage"
    with pytest.raises(RemoteBadReply, match="did not answer with JSON"):
        service.get_json("api/targets/")


def test_half_an_answer_is_no_answer(service, peer, pauses):
    peer.faults[("GET", PATH)] = "half"
    with pytest.raises(RemoteUnavailable, match="broke off"):
        service.get_json("api/targets/")


def test_an_error_page_is_told_by_its_title(service, peer, pauses):
    peer.faults[("GET", PATH)] = "html"
    with pytest.raises(RemoteUnavailable, match=r"Server Error \(500\)"):
        service.get_json("api/targets/")


def test_nobody_there(pauses):
    with pytest.raises(RemoteUnavailable, match="Nobody cannot be reached"):
        RemoteService("Nobody", "http://127.0.0.1:9/").get_json("x")


def test_credentials_are_not_sent_on_to_another_machine(service, peer):
    peer.faults[("GET", PATH)] = "redirect"
    with pytest.raises(RemoteBadReply, match=r"sends requests on to http://other.example.org/api/"):
        service.get_json("api/targets/")


@pytest.mark.parametrize("fault", [401, 500, "hang", "half", "garbage"])
def test_credentials_reach_neither_log_nor_error(peer, pauses, caplog, fault):
    caplog.set_level(logging.DEBUG)
    peer.faults[("GET", "/api/")] = fault
    headers = {"Authorization": "Token good-token"}
    service = RemoteService("the Peer", peer.url, headers=headers, read_timeout_s=0.2)
    with pytest.raises(RemoteError) as caught:
        service.get_json("api/good-token", {"key": "good-token"})
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("tom_")]
    assert "good-token" not in " ".join([str(caught.value), *ours])


def test_a_secret_that_the_service_repeats_is_hidden(peer, monkeypatch):
    service = RemoteService("the Peer", peer.url, auth=("sharer", "fault 418"))
    peer.faults[("GET", PATH)] = 418
    with pytest.raises(RemoteRejected) as caught:
        service.get_json("api/targets/")
    assert "fault 418" not in str(caught.value)
    assert caught.value.detail == "***"


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (requests.ConnectTimeout("key=secret"), RemoteUnavailable),
        (requests.ReadTimeout("key=secret"), RemoteUnavailable),
        (requests.ConnectionError("key=secret"), RemoteUnavailable),
        (requests.exceptions.JSONDecodeError("key=secret", "", 0), RemoteBadReply),
        (requests.exceptions.InvalidURL("key=secret"), RemoteUnavailable),
        (TimeoutError("key=secret"), RemoteUnavailable),
    ],
)
def test_what_a_plugin_raises_is_reported_in_words(raised, expected):
    with pytest.raises(expected, match="SomeService") as caught, reported("SomeService"):
        raise raised
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(("status", "expected"), [(404, RemoteRejected), (429, RemoteUnavailable)])
def test_the_status_that_a_plugin_raises_is_reported(status, expected):
    response = requests.Response()
    response.status_code = status
    with pytest.raises(expected) as caught, reported("SomeService"):
        response.raise_for_status()
    assert caught.value.status == status


def test_text_and_bytes_come_as_they_are(service, peer):
    peer.faults[("GET", PATH)] = "garbage"
    assert service.get_bytes("api/targets/") == b"\x00\xff this is no JSON"
    assert service.get_text("api/targets/") == "\x00\ufffd this is no JSON"


def test_an_address_of_another_machine_is_not_asked(service, peer):
    with pytest.raises(RemoteBadReply, match="another machine, http://other.example.org"):
        service.get_text("http://other.example.org/result.txt")
    assert peer.requests == []


def test_a_parameter_that_is_a_secret_is_hidden(peer):
    service = RemoteService("the Peer", peer.url, secrets=["fault 418"])
    peer.faults[("GET", PATH)] = 418
    with pytest.raises(RemoteRejected) as caught:
        service.get_json("api/targets/", {"userpass": "fault 418"})
    assert "fault 418" not in str(caught.value)
