"""WSGI entry point, run by gunicorn."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tom_project.settings")
application = get_wsgi_application()
# What is loaded now stays: the collector need not walk through it again when a request makes many objects.
gc.collect()
gc.freeze()
