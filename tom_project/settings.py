"""Settings of the TOM: everything that differs between two installations is read from the environment.

The names and their defaults are listed in ``docs/reference/settings.md``. Without any of them the TOM runs on
a SQLite file in ``data/`` with no other server.
"""

import os
from pathlib import Path
from typing import Any

import environ

from tom_common.default_settings import (
    AUTHENTICATION_BACKENDS,  # noqa: F401  read by Django
    CRISPY_ALLOWED_TEMPLATE_PACKS,  # noqa: F401  read by crispy-forms
    TOMTOOLKIT_INSTALLED_APPS,
    TOMTOOLKIT_MIDDLEWARE,
)
from tom_project.environment import broker_settings, database_settings, kept_secret_key, list_of_json

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
ENV_FILE = Path(os.environ.get("TOM_ENV_FILE", BASE_DIR / ".env"))
if ENV_FILE.is_file():
    environ.Env.read_env(str(ENV_FILE))

DATA_DIR = Path(env.str("TOM_DATA_DIR", default=str(BASE_DIR / "data"))).expanduser()
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or kept_secret_key(DATA_DIR / "secret_key")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

TOM_NAME = env.str("TOM_NAME", default="TOM")
TOM_URL = env.str("TOM_URL", default="")
SITE_ID = 1
ROOT_URLCONF = "tom_project.urls"
WSGI_APPLICATION = "tom_project.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- who may talk to us, and over what
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = env.bool("HTTPS", default=False)
if env.bool("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    USE_X_FORWARDED_HOST = True
TOM_PROXY_COUNT = env.int("TOM_PROXY_COUNT", default=1 if env.bool("BEHIND_PROXY", default=False) else 0)
SECURE_SSL_REDIRECT = HTTPS and env.bool("SSL_REDIRECT", default=True)
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_AGE = env.int("SESSION_COOKIE_AGE", default=14 * 86400)
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
AUTH_STRATEGY = env.str("AUTH_STRATEGY", default="READ_ONLY")
OPEN_URLS = env.list("OPEN_URLS", default=[])
TOM_METRICS_TOKEN = env.str("TOM_METRICS_TOKEN", default="")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'", *env.list("CSP_SCRIPT_SRC", default=[])],
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
    }
}

# --- parts
REDIS_URL = env.str("REDIS_URL", default="")
RABBITMQ_URL = env.str("RABBITMQ_URL", default="")
TOM_BACKGROUND = env.str("TOM_BACKGROUND", default="auto")
TOM_JOB_KEEP_DAYS = env.int("TOM_JOB_KEEP_DAYS", default=90)
TOM_INTERACTIVE_THREADS = env.int("TOM_INTERACTIVE_THREADS", default=6)
TOM_STOP_GRACE_S = env.float("TOM_STOP_GRACE_S", default=20)
TOM_BREAKER_FAILURES = env.int("TOM_BREAKER_FAILURES", default=5)
TOM_BREAKER_WAIT_S = env.float("TOM_BREAKER_WAIT_S", default=60)
TOM_PERIODIC_TASKS: dict[str, Any] = {}
INSTALLED_APPS = [
    "whitenoise.runserver_nostatic",
    *TOMTOOLKIT_INSTALLED_APPS,
    "tom_alertstreams",
    "tom_fink",
    *(["django_dramatiq"] if REDIS_URL or RABBITMQ_URL else []),
    *env.list("TOM_PLUGINS", default=[]),
]
MIDDLEWARE = [
    "tom_project.health.HealthCheckMiddleware",
    TOMTOOLKIT_MIDDLEWARE[0],
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    *TOMTOOLKIT_MIDDLEWARE[1:],
]
FORM_RENDERER = "tom_common.form_renderer.KeptRenderer"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
CRISPY_TEMPLATE_PACK = "bootstrap5"
DJANGO_TABLES2_TEMPLATE = "tom_common/bootstrap_htmx.html"

# --- where rows, files and messages are kept
DATABASES = {"default": database_settings(env.str("DATABASE_URL", default=""), DATA_DIR)}
MEDIA_ROOT = env.str("MEDIA_ROOT", default=str(DATA_DIR / "media"))
MEDIA_URL = "/media/"
STATIC_URL = "/static/"
STATIC_ROOT = env.str("STATIC_ROOT", default=str(DATA_DIR / "static"))
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "tom_common.staticfiles.HashedStaticFilesStorage"},
}
if S3_BUCKET := env.str("S3_BUCKET", default=""):
    STORAGES["default"] = {
        "BACKEND": "tom_common.file_storage.PrivateS3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env.str("S3_ENDPOINT_URL", default=None),
            "region_name": env.str("S3_REGION", default=None),
            "access_key": env.str("S3_ACCESS_KEY", default=None),
            "secret_key": env.str("S3_SECRET_KEY", default=None),
            "location": env.str("S3_PREFIX", default="").strip("/"),
        },
    }
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
if REDIS_URL:
    CACHES["default"] = {"BACKEND": "tom_common.cache.PatientRedisCache", "LOCATION": REDIS_URL}
if REDIS_URL or RABBITMQ_URL:
    DRAMATIQ_BROKER = broker_settings(REDIS_URL, RABBITMQ_URL)
TOM_DOWNLOADS = env.str("TOM_DOWNLOADS", default="stream")
TOM_DOWNLOAD_LINK_S = env.int("TOM_DOWNLOAD_LINK_S", default=300)
DATA_UPLOAD_MAX_MEMORY_SIZE = env.int("DATA_UPLOAD_MAX_MEMORY_SIZE", default=20 * 1024 * 1024)
FILE_UPLOAD_PERMISSIONS = 0o640

# --- mail
EMAIL_URL = env.str("EMAIL_URL", default="")
if EMAIL_URL:
    vars().update(env.email_url_config(EMAIL_URL))
else:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="tom@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# --- time and language
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

# --- the TOM
TARGET_TYPE = env.str("TARGET_TYPE", default="SIDEREAL")
TARGET_DEFAULT_PERMISSION = env.str("TARGET_DEFAULT_PERMISSION", default="PRIVATE")
TARGET_PERMISSIONS_ONLY = env.bool("TARGET_PERMISSIONS_ONLY", default=True)
EXTRA_FIELDS: list[dict] = []
MATCH_MANAGERS: dict[str, str] = {}
HOOKS = {
    "target_post_save": "tom_common.hooks.target_post_save",
    "observation_change_state": "tom_common.hooks.observation_change_state",
    "data_product_post_upload": "tom_dataproducts.hooks.data_product_post_upload",
    "data_product_post_save": "tom_dataproducts.hooks.data_product_post_save",
    "multiple_data_products_post_save": "tom_dataproducts.hooks.multiple_data_products_post_save",
}
ALERT_SCHEMAS_DIR = env.str("ALERT_SCHEMAS_DIR", default="")
ALERT_UPLOAD_MAX_BYTES = env.int("ALERT_UPLOAD_MAX_BYTES", default=2_000_000_000)
ALERT_STREAMS = list_of_json("ALERT_STREAMS", env.str("ALERT_STREAMS", default=""))
if FINK_CREDENTIAL_URL := env.str("FINK_CREDENTIAL_URL", default=""):
    ALERT_STREAMS.append(
        {
            "NAME": "tom_fink.alertstream.FinkAlertStream",
            "OPTIONS": {
                "URL": FINK_CREDENTIAL_URL,
                "USERNAME": env.str("FINK_CREDENTIAL_USERNAME", default=""),
                "PASSWORD": env.str("FINK_CREDENTIAL_PASSWORD", default=""),
                "GROUP_ID": env.str("FINK_CREDENTIAL_GROUP_ID", default="tom"),
                "TOPIC": env.str("FINK_TOPIC", default=""),
                "MAX_POLL_NUMBER": env.str("FINK_MAX_POLL_NUMBER", default="1e10"),
                "TIMEOUT": env.str("FINK_TIMEOUT", default="10"),
                "TOPIC_HANDLERS": {"fink.stream": "tom_fink.alertstream.alert_logger"},
            },
        }
    )
FACILITIES: dict[str, dict] = {}
TOM_FACILITY_CLASSES: list[str] = []
DATA_SERVICES: dict[str, dict[str, Any]] = {
    "TNS": {
        "api_key": env.str("TNS_API_KEY", default=""),
        "bot_id": env.str("TNS_BOT_ID", default=""),
        "bot_name": env.str("TNS_BOT_NAME", default=""),
    },
    "Babamul": {"api_key": env.str("BABAMUL_API_TOKEN", default="")},
    "Hermes": {"api_key": env.str("HERMES_API_KEY", default="")},
}
DATA_SHARING: dict[str, dict] = {}
DATA_PRODUCT_TYPES = {
    "photometry": ("photometry", "Photometry"),
    "fits_file": ("fits_file", "FITS file"),
    "spectroscopy": ("spectroscopy", "Spectroscopy"),
    "image_file": ("image_file", "Image file"),
    "atlas_photometry": ("atlas_photometry", "ATLAS photometry"),
    "panstarrs_photometry": ("panstarrs_photometry", "Pan-STARRS photometry"),
    "ztf_forced_photometry": ("ztf_forced_photometry", "ZTF forced photometry"),
    "ztf_light_curve": ("ztf_light_curve", "ZTF light curve"),
}
_SERVICES = "tom_dataproducts.single_target_data_service"
SINGLE_TARGET_DATA_SERVICES: dict[str, dict[str, Any]] = {
    "ATLAS": {
        "class": f"{_SERVICES}.atlas.AtlasForcedPhotometryService",
        "url": env.str("ATLAS_URL", default="https://fallingstar-data.com/forcedphot"),
        "api_key": env.str("ATLAS_FORCED_PHOTOMETRY_API_KEY", default=""),
    },
    "ZTF": {
        "class": f"{_SERVICES}.ztf_forced.ZTFForcedPhotometryService",
        "url": env.str("ZTF_FORCED_PHOTOMETRY_URL", default="https://ztfweb.ipac.caltech.edu"),
        "username": env.str("ZTF_SITE_USERNAME", default=""),
        "password": env.str("ZTF_SITE_PASSWORD", default=""),
        "email": env.str("ZTF_EMAIL", default=""),
        "userpass": env.str("ZTF_USERPASS", default=""),
    },
    "ZTF_LIGHT_CURVES": {
        "class": f"{_SERVICES}.ztf_light_curves.ZTFLightCurveService",
        "url": env.str("IRSA_URL", default="https://irsa.ipac.caltech.edu"),
    },
    "PANSTARRS": {
        "class": f"{_SERVICES}.panstarrs_service.panstarrs.PanstarrsSingleTargetDataService",
        "url": env.str("PANSTARRS_URL", default="https://catalogs.mast.stsci.edu/api/v0.1/panstarrs"),
        "api_key": env.str("MAST_API_TOKEN", default=""),
    },
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
        "rest_framework.authentication.BasicAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        "rest_framework.renderers.BrowsableAPIRenderer",
    ],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "tom_common.api_pagination.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "PAGE_SIZE": 100,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": f"{TOM_NAME} API",
    "VERSION": "1",
    "DESCRIPTION": "Targets, their names, lists, files and measurements. Get a token at `/api/token-auth/`.",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,  # a file is content when sent and an address when shown
    "SWAGGER_UI_DIST": "SIDECAR",
    # Links to single operations would lie inside of buttons, which no screen reader can tell apart.
    "SWAGGER_UI_SETTINGS": {"deepLinking": False},
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="WARNING")},
}
