"""A token is its user's login, as the REST framework has it, for one short statement."""

import pytest
from rest_framework.authtoken.models import Token
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from tests.api.conftest import client_of
from tom_common.api_auth import TokenAuthentication


def test_a_token_is_its_users_login(people, django_assert_num_queries):
    token, _ = Token.objects.get_or_create(user=people["member"])  # made with the user by a signal
    request = APIRequestFactory().get("/", headers={"Authorization": f"Token {token.key}"})
    view = APIView(authentication_classes=(TokenAuthentication,))
    with django_assert_num_queries(1):
        asked = view.initialize_request(request)
        user, auth = asked.user, asked.auth
        assert (user, user.username, user.is_staff) == (people["member"], "member", False)
        assert (auth, auth.key, auth.user) == (token, token.key, user)
    assert user.date_joined == people["member"].date_joined
    assert auth.created == token.created


def test_a_token_that_nobody_has_is_refused(people):
    client = client_of(people["member"])
    client.credentials(HTTP_AUTHORIZATION="Token 0123456789")
    answer = client.get("/api/targets/")
    assert (answer.status_code, answer.json()) == (401, {"detail": "Invalid token."})
    client.credentials(HTTP_AUTHORIZATION="Token a b")
    assert client.get("/api/targets/").status_code == 401


def test_a_person_who_left_is_refused(people):
    client = client_of(people["superuser"])
    assert client.get("/api/targets/").status_code == 200
    people["superuser"].is_active = False
    people["superuser"].save()
    answer = client.get("/api/targets/")
    assert (answer.status_code, answer.json()) == (401, {"detail": "User inactive or deleted."})


def test_a_token_that_was_made_anew_replaces_the_old_one(people):
    client = client_of(people["owner"])
    Token.objects.filter(user=people["owner"]).delete()
    Token.objects.create(user=people["owner"])
    assert client.get("/api/targets/").status_code == 401


@pytest.mark.parametrize("key", ["", "'", "%s", "é"])
def test_odd_tokens_are_refused(client, db, key):
    assert client.get("/api/targets/", headers={"Authorization": f"Token {key}"}).status_code == 401
