"""Where files lie: the bucket of an S3 service, told apart from the local folder by the settings alone.

``tom_project.settings`` chooses `PrivateS3Storage` where ``S3_BUCKET`` is set. What a service refuses becomes
one of two errors: `FileNotFoundError`, or `StorageUnavailable`, whose text may be shown.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3.exceptions
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from storages.backends.s3 import S3Storage

from tom_common.files import Pieces, StorageUnavailable

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 30
IN_MEMORY_BYTES = 10_000_000
_NAMES_TRIED = 20
_NOT_THERE = frozenset({"404", "NoSuchKey", "NotFound"})
_WORDS = {
    "NoSuchBucket": "its bucket does not exist",
    "AccessDenied": "it does not let this TOM in",
    "403": "it does not let this TOM in",
    "InvalidAccessKeyId": "it does not know the access key of this TOM",
    "SignatureDoesNotMatch": "it does not accept the secret key of this TOM",
    "ExpiredToken": "the credentials of this TOM have expired",
    "SlowDown": "it is asked too often",
}
_TAKEN = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict", "409"})
_NOT_OFFERED = frozenset({"NotImplemented", "501", "InvalidArgument", "400"})


class PrivateS3Storage(S3Storage):
    """A bucket of which nothing is public: files leave through the TOM, or by links that it signs.

    A name is taken by an empty object before the file is sent, so that of two uploads at the same moment none
    overwrites the other. A file that breaks off on its way leaves nothing behind.
    """

    def get_default_settings(self) -> dict[str, Any]:
        """Return what is not said by ``OPTIONS``."""
        return {
            **super().get_default_settings(),
            "default_acl": None,
            "file_overwrite": False,
            "querystring_auth": True,
            "querystring_expire": 300,
            "max_memory_size": IN_MEMORY_BYTES,
            "client_config": Config(
                signature_version="s3v4",
                connect_timeout=CONNECT_TIMEOUT_S,
                read_timeout=READ_TIMEOUT_S,
                retries={"max_attempts": 2, "mode": "standard"},
            ),
        }

    def _open(self, name: str, mode: str = "rb") -> Any:
        with _translated(name):
            return super()._open(name, mode)

    def _save(self, name: str, content: Any) -> str:
        with _translated(name):
            name, is_taken = self._take_name(name)
            try:
                return super()._save(name, content)
            except BaseException:
                if is_taken:
                    self._give_up(name)
                raise

    def _take_name(self, name: str) -> tuple[str, bool]:
        """Return a name that nobody else has, by putting an empty object there, and whether there is one."""
        wanted = name
        for _ in range(_NAMES_TRIED):
            try:
                self.bucket.Object(self._normalize_name(name)).put(Body=b"", IfNoneMatch="*")
            except ClientError as error:
                code = _code(error)
                if code in _NOT_OFFERED:
                    return name, False  # a service that knows no conditions: it was free a moment ago
                if code not in _TAKEN:
                    raise
                name = self.get_alternative_name(*_parts(wanted))
            else:
                return name, True
        raise StorageUnavailable(f"The storage of files finds no free name for {wanted}.")

    def _give_up(self, name: str) -> None:
        try:
            self.bucket.Object(self._normalize_name(name)).delete()
        except (ClientError, BotoCoreError) as error:
            # check_storage finds it.
            logger.warning("the unfinished file %s stays in the bucket: %s", name, type(error).__name__)

    def delete(self, name: str) -> None:
        """Delete a file; nothing happens where there is none."""
        with _translated(name):
            super().delete(name)

    def exists(self, name: str) -> bool:
        """Return whether there is a file of this name."""
        with _translated(name):
            is_there = bool(super().exists(name))
            if not is_there:
                self._look_for_bucket()
            return is_there

    def size(self, name: str) -> int:
        """Return the size of a file in bytes."""
        with _translated(name):
            try:
                return int(self.bucket.Object(self._normalize_name(name)).content_length)
            except ClientError as error:
                if _code(error) in _NOT_THERE:
                    self._look_for_bucket()
                raise

    def _look_for_bucket(self) -> None:
        """Refuse to say that a file is not there if its bucket is not: asked for a file, S3 says the same."""
        try:
            self.bucket.meta.client.head_bucket(Bucket=self.bucket_name)
        except ClientError as error:
            if _code(error) in _NOT_THERE:
                raise StorageUnavailable(
                    f"The storage of files cannot be used: {_WORDS['NoSuchBucket']}."
                ) from error

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """Return the folders and files of a folder."""
        with _translated(path):
            return super().listdir(path)

    def pieces(self, name: str, start: int = 0, length: int | None = None) -> Pieces:
        """Return a part of a file piece by piece, asked for at once and read as it is used.

        Parameters
        ----------
        name : str
        start : int
            First byte.
        length : int, optional
            Number of bytes; all of them by default.
        """
        wanted = {}
        if start or length is not None:
            wanted["Range"] = f"bytes={start}-{'' if length is None else start + length - 1}"
        with _translated(name):
            body = self.bucket.Object(self._normalize_name(name)).get(**wanted)["Body"]

        def read(size: int) -> bytes:
            with _translated(name):
                return bytes(body.read(size))

        return Pieces(read, body.close)

    def all_files(self) -> Iterator[tuple[str, int, float]]:
        """Return name, size in bytes and time of change (s since 1970) of every file."""
        prefix = f"{self.location.rstrip('/')}/" if self.location else ""
        with _translated(prefix):
            for found in self.bucket.objects.filter(Prefix=prefix):
                yield found.key[len(prefix) :], found.size, found.last_modified.timestamp()


def _parts(name: str) -> tuple[str, str]:
    stem, dot, suffix = name.rpartition(".")
    return (stem, f".{suffix}") if dot and "/" not in suffix else (name, "")


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """Turn what the libraries raise into our two errors; their texts may hold keys, ours do not."""
    try:
        yield
    except ClientError as error:
        code = _code(error)
        if code in _NOT_THERE:
            raise FileNotFoundError(f"there is no file {name} in the storage") from error
        logger.warning("the storage of files refused %s: %s", name, code)
        words = _WORDS.get(code, f"it answers {code}")
        raise StorageUnavailable(f"The storage of files cannot be used: {words}.") from error
    except boto3.exceptions.S3UploadFailedError as error:
        logger.warning("the storage of files did not take %s: %s", name, type(error).__name__)
        raise StorageUnavailable("The storage of files did not take the file.") from error
    except BotoCoreError as error:
        logger.warning("the storage of files is away (%s): %s", name, type(error).__name__)
        raise StorageUnavailable("The storage of files cannot be reached.") from error
