import socket

import pytest

from tests.house_rules import NetworkUseError


def test_another_host_cannot_be_reached():
    with socket.socket() as client, pytest.raises(NetworkUseError, match="192.0.2.1"):
        client.connect(("192.0.2.1", 80))


def test_another_host_cannot_be_looked_up():
    with pytest.raises(NetworkUseError, match="example.org"):
        socket.getaddrinfo("example.org", 443)


def test_localhost_can_be_reached():
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname()) as client:
            assert client.getpeername() == server.getsockname()


@pytest.mark.parametrize(("in_ci", "outcome"), [("", {"skipped": 1}), ("1", {"failed": 1})])
def test_a_skip_fails_in_ci(pytester, monkeypatch, in_ci, outcome):
    monkeypatch.setenv("TOM_CI", in_ci)
    pytester.makeconftest("from tests.house_rules import pytest_runtest_makereport")
    pytester.makepyfile("import pytest\ndef test_it():\n    pytest.skip('no browser')")
    result = pytester.runpytest_inprocess("-p", "no:django", "-p", "no:randomly")
    result.assert_outcomes(**outcome)


@pytest.mark.only_on("no such engine")
def test_a_test_of_another_engine_is_not_collected():
    pytest.fail("collected on an engine that it is not for")
