"""How gunicorn serves the TOM; read by ``gunicorn -c python:tom_project.gunicorn_conf`` and by ``make run``.

Several processes need PostgreSQL or MariaDB: SQLite has one writer, and the worker thread of background jobs
belongs to one process.
"""

import os
import signal

bind = f"0.0.0.0:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "1"))
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS", "8"))
timeout = int(os.environ.get("WEB_TIMEOUT_S", "120"))
preload_app = True
# A worker that has served long is replaced, so that a leak in a plugin does not grow for ever.
max_requests = 20_000
max_requests_jitter = 2_000
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108  gunicorn makes its files safely
control_socket_disable = True
loglevel = "warning"


def post_worker_init(_worker: object) -> None:
    """Take up jobs that wait, before anybody asks for a page, and leave Ctrl-C to the arbiter.

    It then ends the workers. A terminal sends SIGINT to all of them. A worker that is already ending by it
    when the arbiter's SIGQUIT comes waits for its own lock, until it is killed 30 s later.
    """
    from tom_common import job_worker  # Django is set up only now

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    job_worker.begin_web_process()
