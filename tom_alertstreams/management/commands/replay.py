"""``manage.py replay PATH...``: recorded alerts once more, spaced as they were taken."""

import math
import signal
import threading
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from tom_alertstreams.playing import DirectSink, Pacer, TopicSink, timed_packets
from tom_common.history import change_run
from tom_common.progress import ProgressLine
from tom_dataservices import conf
from tom_dataservices.ingest import IngestOptions
from tom_dataservices.ingest.report import counted
from tom_dataservices.packets import BadSchemaError, Rejection, SchemaStore


class Command(BaseCommand):
    help = (
        "Play recorded alerts (files, folders, archives of a night) into a Kafka topic (--topic), or straight"
        " into this TOM (--direct), with the time between them that they had, or --speed times less."
    )

    def add_arguments(self, parser):
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="File, archive or folder.")
        parser.add_argument("--topic", default="", help="Kafka topic that the alerts are sent to.")
        parser.add_argument(
            "--bootstrap", default="127.0.0.1:9092", help="Kafka broker (default: %(default)s)."
        )
        parser.add_argument("--direct", action="store_true", help="Store the alerts here, without Kafka.")
        parser.add_argument(
            "--speed",
            type=float,
            default=1.0,
            metavar="N",
            help="N times as fast as the sky (default: 1; 0: as fast as it goes).",
        )
        parser.add_argument("--max", type=int, default=0, metavar="N", help="End after N alerts.")
        parser.add_argument("--loop", action="store_true", help="Begin again at the end, until Ctrl-C.")
        parser.add_argument("--schemas", type=Path, metavar="DIR", help="Avro schemas of framed packets.")
        parser.add_argument("--schema", type=Path, metavar="FILE", help="Avro schema of schemaless packets.")
        parser.add_argument(
            "--simulated", action="store_true", help="With --direct: mark targets and data as simulated."
        )
        parser.add_argument("--list", default="", help="With --direct: put every target on this list.")

    def handle(self, *args, **options):
        self._check(options)
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            if threading.current_thread() is threading.main_thread():
                signal.signal(number, lambda *_: stop.set())
        try:
            schemas = SchemaStore(options["schemas"], options["schema"], conf.alert_schemas_dir())
        except BadSchemaError as error:
            raise CommandError(str(error)) from error
        sink = self._sink(options)
        progress = ProgressLine(self.stderr, quiet=options["verbosity"] == 0)
        played, rejected = 0, []
        try:
            while True:
                before = played
                played = self._play(options, schemas, sink, stop, progress, played, rejected)
                if (
                    not options["loop"]
                    or stop.is_set()
                    or played == before
                    or self._is_enough(options, played)
                ):
                    break
            sink.close()
        except OSError as error:
            raise CommandError(str(error)) from error
        finally:
            progress.finish()
        self._tell(options, played, rejected, stop, progress.seconds)

    def _check(self, options):
        for path in options["paths"]:
            if not path.exists():
                raise CommandError(f"{path}: no such file or folder")
        if bool(options["topic"]) == options["direct"]:
            raise CommandError("name either a Kafka topic (--topic NAME) or --direct")
        if not math.isfinite(options["speed"]) or options["speed"] < 0:
            raise CommandError(f"--speed {options['speed']}; expected a number, 0 or more")
        if options["max"] < 0:
            raise CommandError(f"--max {options['max']}; expected 0 or more")

    def _sink(self, options):
        if options["topic"]:
            sink = TopicSink({"bootstrap.servers": options["bootstrap"]}, options["topic"])
            try:
                sink.must_be_there()
            except OSError as error:
                raise CommandError(f"{error}: --bootstrap HOST:PORT names another") from error
            return sink
        choices = IngestOptions(simulated=options["simulated"], list_name=options["list"], batch_size=1000)
        names = ", ".join(path.name for path in options["paths"])[:150]
        return DirectSink(choices, change_run(None, kind="ingest", title=f"Replay of {names}"))

    @staticmethod
    def _is_enough(options, played):
        return bool(options["max"]) and played >= options["max"]

    def _play(self, options, schemas, sink, stop, progress, played, rejected):
        """Play all paths once; return how many alerts were played in all."""
        pacer = Pacer(options["speed"], stop)
        for found in timed_packets(options["paths"], schemas):
            if stop.is_set() or self._is_enough(options, played):
                break
            if isinstance(found, Rejection):
                rejected.append(str(found))
                continue
            if pacer.has_to_wait(found.mjd_utc):
                sink.idle()
                pacer.wait()
            if stop.is_set():
                break
            sink.take(found.packet)
            played += 1
            rate = played / progress.seconds
            progress(f"{counted(played, 'alert')} played, {rate:,.0f}/s, MJD {found.mjd_utc:.4f}", None)
        return played

    def _tell(self, options, played, rejected, stop, seconds):
        for reason in rejected[:20]:
            self.stderr.write(self.style.WARNING(f"left out: {reason}"))
        if len(rejected) > 20:
            self.stderr.write(self.style.WARNING(f"... and {len(rejected) - 20} more"))
        where = f"to {options['topic']}" if options["topic"] else "into this TOM"
        ended = ", stopped" if stop.is_set() else ""
        self.stdout.write(f"{counted(played, 'alert')} played {where} in {seconds:.1f} s{ended}")
        if not played and not stop.is_set():
            raise CommandError("there was no alert in " + " ".join(str(path) for path in options["paths"]))
