"""``manage.py readstreams``: read the streams of ``ALERT_STREAMS``, each in a thread of its own."""

import logging
import signal
import threading

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections

from tom_alertstreams import conf
from tom_alertstreams.alertstreams.alertstream import is_active, stream_labels
from tom_alertstreams.diagnosis import usable_alert_streams
from tom_alertstreams.heartbeats import Heartbeats
from tom_common.background import leave_jobs_to_others

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Reads the alert streams of settings.ALERT_STREAMS until it is told to end (Ctrl-C, SIGTERM). Logs"
        " what streams and handlers do; --verbosity 0 leaves the level of the log as the settings have it."
    )

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.heartbeats = Heartbeats({})

    def handle(self, *args, **options):
        entries = conf.alert_streams()
        streams, problems = usable_alert_streams(entries)
        if problems and not streams:
            raise CommandError("\n".join(problems))
        for problem in problems:
            self.stderr.write(self.style.ERROR(f"not read: {problem}"))
        if not streams:
            raise CommandError("settings.ALERT_STREAMS has no active stream.")
        if options["verbosity"] > 0:
            self._show_logs()
        leave_jobs_to_others()  # what filters do may ask slow services: alerts do not wait for that
        self.heartbeats = Heartbeats(self._left_out(entries, streams, problems))
        threads = [threading.Thread(target=self._listen, args=(one,), daemon=True) for one in streams]
        ended = self._end_when_told(streams)
        for stream, thread in zip(streams, threads, strict=True):
            kind = type(stream).__name__
            self.stdout.write(f"reading {kind}" + (f" ({stream.label})" if stream.label != kind else ""))
            thread.start()
        self.stdout.flush()  # a log file sees at once what is read
        self._wait(streams, threads, ended)
        self.heartbeats.end()

    @staticmethod
    def _left_out(entries, streams, problems):
        """Return why entries are not read, by label."""
        made = {one.label for one in streams}
        active = [name for one, name in zip(entries, stream_labels(entries), strict=True) if is_active(one)]
        names = [name for name in active if name not in made]
        pairs = zip(names, problems, strict=True)
        return {name: problem.removeprefix(f"{name}: ") for name, problem in pairs}

    @staticmethod
    def _show_logs():
        """Show what streams and their handlers log, though the TOM's pages log warnings only."""
        root = logging.getLogger()
        if not root.handlers:
            logging.basicConfig(level=logging.WARNING, format="%(message)s")
        for name in ("tom_alertstreams", "tom_fink"):
            if logging.getLogger(name).level == logging.NOTSET:
                logging.getLogger(name).setLevel(logging.INFO)

    @staticmethod
    def _end_when_told(streams):
        """Ask the streams to stop when a signal says so; return what is set then."""
        ended = threading.Event()

        def end(number, frame):
            ended.set()
            for stream in streams:
                if hasattr(stream, "stop"):
                    stream.stop.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        return ended

    def _wait(self, streams, threads, ended):
        """Wait for the threads; once told to end, only for those whose stream can be asked to stop."""
        pairs = list(zip(streams, threads, strict=True))
        while waiting := [
            thread for one, thread in pairs if thread.is_alive() and self._is_awaited(one, ended)
        ]:
            self.heartbeats.tell((one, thread.is_alive()) for one, thread in pairs)
            waiting[0].join(0.2)

    @staticmethod
    def _is_awaited(stream, ended):
        return hasattr(stream, "stop") or not ended.is_set()

    def _listen(self, stream):
        """Read a stream; one that ends with an error is begun again, and takes no other down."""
        pause_s = 1.0
        stop = getattr(stream, "stop", threading.Event())
        while not stop.is_set():
            self.heartbeats.begins(stream)
            try:
                stream.listen()
                return
            except ImproperlyConfigured as error:
                name = getattr(stream, "label", "") or type(stream).__name__
                logger.error("%s: %s Tried again in %.0f s.", name, error, pause_s)
                self.heartbeats.failed(stream, error)
            except Exception as error:
                logger.exception("%s ended; begun again in %.0f s", type(stream).__name__, pause_s)
                self.heartbeats.failed(stream, error)
            close_old_connections()
            stop.wait(pause_s)
            pause_s = min(2 * pause_s, 30.0)  # the page hears of it within its minute
