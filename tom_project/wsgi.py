"""WSGI entry point, run by gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tom_project.settings")
application = get_wsgi_application()
