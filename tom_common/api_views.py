"""What views of the REST API share, and the routes that belong to no other app: groups and tokens."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import mixins, viewsets
from rest_framework.authentication import BasicAuthentication, SessionAuthentication
from rest_framework.authtoken.views import ObtainAuthToken
from rest_framework.exceptions import NotAuthenticated, PermissionDenied
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import BrowsableAPIRenderer

from tom_common.api_auth import TokenAuthentication
from tom_common.api_docs import ApiDoc, DocumentedSchema
from tom_common.api_json import FastJSONRenderer, StrictJSONParser
from tom_common.api_pagination import KeysetPagination
from tom_common.serializers import GroupSerializer

TOKEN_SCHEMA = {
    "type": "object",
    "properties": {"token": {"type": "string"}},
    "required": ["token"],
}


class ApiMixin:
    """Says for each of our views what a project's ``REST_FRAMEWORK`` need not say.

    A view that somebody may not use answers 401 without a valid login, and 403 with one.
    """

    authentication_classes = (TokenAuthentication, SessionAuthentication, BasicAuthentication)
    permission_classes = ()
    parser_classes = (StrictJSONParser, FormParser, MultiPartParser)
    renderer_classes = (FastJSONRenderer, BrowsableAPIRenderer)
    filter_backends = (DjangoFilterBackend,)
    pagination_class = KeysetPagination
    page_size = 100
    lookup_value_regex = r"[0-9]{1,18}"
    schema = DocumentedSchema()

    def refuse(self, text):
        """Refuse what the person asking may not do."""
        if not self.request.user.is_authenticated:
            raise NotAuthenticated()
        raise PermissionDenied(text)

    def must_be_known(self):
        """Refuse an anonymous visitor."""
        if not self.request.user.is_authenticated:
            raise NotAuthenticated()


class GroupViewSet(ApiMixin, mixins.ListModelMixin, viewsets.GenericViewSet):
    """Groups of the person asking."""

    queryset = Group.objects.all()
    serializer_class = GroupSerializer
    permission_classes = (IsAuthenticated,)
    api_docs = {"list": ApiDoc("List your groups", "The groups that you are a member of, by name.")}

    def get_queryset(self):
        return Group.objects.filter(user=self.request.user.pk).order_by("name")


class TokenView(ObtainAuthToken):
    """Gives the token of a user for name and password."""

    authentication_classes = ()
    schema = DocumentedSchema()
    api_docs = {
        "create": ApiDoc(
            "Get your token",
            "Send the token with each request: `Authorization: Token <token>`.",
            responses={200: TOKEN_SCHEMA},
        )
    }
