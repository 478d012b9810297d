"""What is remembered of outside services, and the breaker that leaves a silent one alone."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import requests
from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from tom_common.models import RemoteServiceState
from tom_common.remote import (
    RemoteBadReply,
    RemotePaused,
    RemoteRejected,
    RemoteService,
    RemoteUnavailable,
    reported,
)
from tom_common.remote import record as remote_record


class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked += 1
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.content)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    made = HTTPServer(("127.0.0.1", 0), Answers)
    made.status, made.asked, made.content = 200, 0, b"{}"
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def service(server, settings, transactional_db):
    settings.TOM_RECORD_SERVICES = True
    settings.TOM_BREAKER_FAILURES = 3
    remote_record.forget()
    yield RemoteService("Survey", f"http://127.0.0.1:{server.server_port}", tries=1)
    remote_record.forget()


def fail(service, times=1, kind=RemoteUnavailable):
    for _ in range(times):
        with pytest.raises(kind):
            service.get_json("x")


def row():
    return RemoteServiceState.objects.get()


def open_since(seconds):
    RemoteServiceState.objects.update(open_until=timezone.now() - timezone.timedelta(seconds=seconds))
    remote_record.forget()


def test_last_success_and_last_failure_are_kept(service, server):
    service.get_json("x")
    server.status = 404
    fail(service, kind=RemoteRejected)

    kept = row()
    assert kept.host == f"127.0.0.1:{server.server_port}"
    assert kept.last_success_at <= kept.last_failure_at
    assert "answered 404" in kept.last_error
    assert kept.failures_in_a_row == 0


def test_a_success_does_not_write_each_time(service, django_assert_max_num_queries):
    service.get_json("x")
    with django_assert_max_num_queries(1):  # what other processes wrote is read
        for _ in range(20):
            service.get_json("x")


def test_a_silent_service_is_left_alone_and_tried_again(service, server):
    server.status = 500
    fail(service, 3)
    with pytest.raises(
        RemotePaused, match="Survey did not answer lately, and is not asked again before"
    ) as no:
        service.get_json("x")

    assert server.asked == 3
    assert 50 < no.value.retry_after_s <= 60
    assert (row().failures_in_a_row, row().trips) == (3, 1)

    open_since(1)
    fail(service)  # one request tries it
    fail(service, kind=RemotePaused)
    assert server.asked == 4
    assert row().trips == 2
    assert 110 < (row().open_until - timezone.now()).total_seconds() <= 120

    open_since(1)
    server.status = 200
    service.get_json("x")
    assert (row().failures_in_a_row, row().trips, row().open_until) == (0, 0, None)


@pytest.mark.parametrize("status", [429, 403, 404, 200])
def test_an_unwelcome_answer_ends_the_pause_too(service, server, status):
    server.status = 500
    fail(service, 3)
    open_since(1)
    server.status, server.content = status, b"no JSON"
    fail(service, kind=(RemoteUnavailable, RemoteRejected, RemoteBadReply))

    assert (row().failures_in_a_row, row().trips, row().open_until) == (0, 0, None)
    server.status = 500
    fail(service, 2)  # counts from the beginning
    assert server.asked == 6
    assert row().open_until is None


def test_an_unwelcome_answer_to_an_earlier_request_leaves_the_pause(service, server):
    server.status = 500
    fail(service, 3)

    remote_record.note("Survey", row().host, "Survey answered 404.", is_silent=False)

    assert row().open_until > timezone.now()


def test_only_one_request_tries_a_paused_service(service, server):
    server.status = 500
    fail(service, 3)
    open_since(1)
    host = row().host

    assert remote_record.ask("Survey", host) is None
    assert remote_record.ask("Survey", host) > 0


@pytest.mark.parametrize("status", [429, 403, 404])
def test_a_service_that_answers_is_not_left_alone(service, server, status):
    server.status = status
    fail(service, 6, kind=(RemoteUnavailable, RemoteRejected))

    assert server.asked == 6
    assert row().open_until is None


def test_another_process_learns_by_the_row(service, server):
    server.status = 500
    fail(service, 3)
    remote_record.forget()  # as another process, which knows nothing

    fail(service, kind=RemotePaused)
    assert server.asked == 3


def test_staff_can_end_the_pause(service, server):
    server.status = 500
    fail(service, 3)
    server.status = 200

    assert remote_record.close_breaker(row().pk)
    assert service.get_json("x") == {}
    assert not remote_record.close_breaker(0)


def test_nothing_is_written_within_a_transaction_and_a_rollback_loses_nothing(service, server):
    server.status = 500
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        fail(service, 3)
        fail(service, kind=RemotePaused)
        assert not RemoteServiceState.objects.exists()
        raise ZeroDivisionError

    assert remote_record.flush() == 1
    assert row().failures_in_a_row == 3


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_database_that_is_away_does_not_stop_a_request(service, monkeypatch, caplog, error):
    def broken(*_, **__):
        raise error("gone")

    monkeypatch.setattr(remote_record, "_row", broken)
    monkeypatch.setattr(remote_record, "_write", broken)

    assert service.get_json("x") == {}
    assert "trying again" in caplog.text
    assert not RemoteServiceState.objects.exists()


def test_plugins_own_requests_are_remembered(service):
    with pytest.raises(RemoteUnavailable), reported("Their survey"):
        raise requests.ConnectionError("http://secret@host refused")

    assert "cannot be reached" in row().last_error
    assert "secret" not in row().last_error
    assert row().last_success_at is None
    with reported("Their survey"):
        pass
    assert row().last_success_at > row().last_failure_at


def test_a_service_that_is_asked_by_ours_stands_once_among_the_services(service):
    with reported("Survey"):
        service.get_json("x")
    with reported("Survey"):
        pass  # rows are stored: nobody is asked

    assert row().host == service.base_url.removeprefix("http://").rstrip("/")


def test_breaker_can_be_turned_off(service, server, settings):
    settings.TOM_BREAKER_FAILURES = 0
    server.status = 500
    fail(service, 8)
    assert server.asked == 8
