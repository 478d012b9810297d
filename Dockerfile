# syntax=docker/dockerfile:1
# Two stages: the first makes the environment, the front end and the static files; the second holds only what runs.
FROM python:3.11-slim-bookworm AS build
WORKDIR /srv/tom
COPY requirements/ requirements/
COPY tools/setup_environment.py tools/front_end_assets.py tools/icons.txt tools/
COPY package.json package-lock.json .npmrc ./
RUN python tools/setup_environment.py run
COPY . .
# No key is set: the settings make one in a folder that stays in this stage.
RUN TOM_DATA_DIR=/tmp/build STATIC_ROOT=/srv/tom/static \
    .venv/bin/python manage.py collectstatic --noinput --verbosity 0 \
    && .venv/bin/python -m compileall -q .venv tom_*

FROM python:3.11-slim-bookworm
LABEL org.opencontainers.image.title="TOM" \
      org.opencontainers.image.description="Target and Observation Manager" \
      org.opencontainers.image.licenses="BSD-3-Clause"
RUN useradd --system --uid 10001 --home-dir /var/lib/tom --create-home tom
WORKDIR /srv/tom
COPY --from=build /srv/tom /srv/tom
ENV PATH=/srv/tom/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TOM_DATA_DIR=/var/lib/tom \
    STATIC_ROOT=/srv/tom/static \
    PORT=8000
USER 10001
VOLUME /var/lib/tom
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/healthz\", timeout=4)"]
CMD ["gunicorn", "--config", "python:tom_project.gunicorn_conf", "tom_project.wsgi:application"]
