"""An S3 service on this machine (moto's server), and a wire to it that can be cut in the middle."""

import socket
import threading
import time
import urllib.request

import boto3
from moto.server import ThreadedMotoServer

BUCKET = "night"
KEYS = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "secret-of-the-bucket"}


class ObjectStore:
    """A running S3 service with one bucket."""

    def __init__(self):
        self._server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
        self._server.start()
        host, port = self._server.get_host_and_port()
        self.port = port
        self.url = f"http://{host}:{port}"
        self.client = boto3.client("s3", endpoint_url=self.url, region_name="us-east-1", **KEYS)
        self.client.create_bucket(Bucket=BUCKET)

    def options(self, **changes):
        """Give the OPTIONS of the storage that uses it."""
        return {
            "bucket_name": BUCKET,
            "endpoint_url": self.url,
            "region_name": "us-east-1",
            "access_key": KEYS["aws_access_key_id"],
            "secret_key": KEYS["aws_secret_access_key"],
            "location": "tom",
            **changes,
        }

    def names(self):
        """Give the names of all objects."""
        return sorted(
            found["Key"] for found in self.client.list_objects_v2(Bucket=BUCKET).get("Contents", ())
        )

    def ask_for_credentials(self, count=0):
        """Look at credentials from the request after the next `count` on."""
        request = urllib.request.Request(  # noqa: S310  localhost
            f"{self.url}/moto-api/reset-auth",
            data=str(count).encode(),
            headers={"Content-Type": "text/plain"},
        )
        urllib.request.urlopen(request).close()  # noqa: S310

    def stop(self):
        self.client.close()
        self._server.stop()


class Wire:
    """A TCP connection to a service, cut once so many bytes have gone to it."""

    def __init__(self, port, cut_after):
        self.port = port
        self.cut_after = cut_after
        self.cuts = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client, socket.create_connection(("127.0.0.1", self.port)) as server:
            back = threading.Thread(target=self._copy, args=(server, client, None), daemon=True)
            back.start()
            self._copy(client, server, self.cut_after)

    def _copy(self, source, sink, limit):
        sent = 0
        try:
            while piece := source.recv(65536):
                sent += len(piece)
                if limit is not None and sent > limit:
                    self.cuts += 1
                    return
                sink.sendall(piece)
        except OSError:
            return
        finally:
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def stop(self):
        self._listener.close()
        time.sleep(0.01)
