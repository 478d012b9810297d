"""Classes and functions that the tests of plugins, contributions and hooks name by their path."""

from django.template import Context
from django.urls import path


class Interface:
    name = "interface"


class Good(Interface):
    name = "Good"
    verbose_name = "A good one"


class Other(Interface):
    name = "Other"


class Stranger:
    name = "Stranger"


class Unnamed(Interface):
    name = ""


not_a_class = 5
seen = []


def note(*args, **kwargs):
    """Keep what it was called with."""
    seen.append((args, kwargs))
    return "noted"


def context_of(argument):
    return {"given": argument}


def template_context(argument):
    return Context({"given": "by a context"})


def no_context(argument):
    return None


def wrong_context(argument):
    return ["no dict"]


def raising(*args):
    raise RuntimeError("offline")


def needs_profile(request):
    return "user-profile" if request.user.username == "new" else None


pattern = path("accounts/login/", lambda request: None, name="login-of-a-plugin")
