"""Lists that a project's settings start from: ``from tom_common.default_settings import *``.

The misspelt names are the public ones of TOM Toolkit; both spellings are kept.
"""

TOMTOOLKIT_INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.sites",
    "django_extensions",
    "guardian",
    "tom_common",
    "django_comments",
    "bootstrap4",
    "crispy_bootstrap4",
    "django_bootstrap5",
    "crispy_bootstrap5",
    "crispy_forms",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_tables2",
    "django_gravatar",
    "django_htmx",
    "tom_targets",
    "tom_observations",
    "tom_dataproducts",
    "tom_dataservices",
    "tom_alerts",
    "tom_catalogs",
    "tom_calendar",
]
TOMTOOKIT_INSTALLED_APPS = TOMTOOLKIT_INSTALLED_APPS

TOMTOOLKIT_MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tom_common.middleware.HTMXRedirectMiddleware",
    "tom_common.kept_input.KeptInputMiddleware",
    "tom_common.middleware.Raise403Middleware",
    "tom_common.middleware.ExternalServiceMiddleware",
    "tom_common.middleware.AuthStrategyMiddleware",
    "tom_common.middleware.AccountRequirementsMiddleware",
]
TOMTOOKIT_MIDDLEWARE = TOMTOOLKIT_MIDDLEWARE

TOMTOOLKIT_AUTHENTICATION_BACKENDS = [
    "tom_common.auth_backends.LoginThrottleBackend",
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
AUTHENTICATION_BACKENDS = TOMTOOLKIT_AUTHENTICATION_BACKENDS

CRISPY_ALLOWED_TEMPLATE_PACKS = ("bootstrap5", "bootstrap4")
CRISPY_TEMPLATE_PACK = "bootstrap5"

# Django's own leads to a page that there is not.
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
