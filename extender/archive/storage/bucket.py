"""Stored files in an S3 bucket. Needs the extra `s3`; nothing else imports what it brings."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
from django.core.files import File
from storages.backends.s3 import S3Storage

from extender.archive.names import disposition
from extender.archive.storage.base import ADDRESS_SECONDS, CHUNK_BYTES, Store, content_type
from extender.archive.storage.parts import Part, StoreTrouble, disk_trouble

CONNECT_SECONDS = 5
# For one silence, not for a whole transfer.
READ_SECONDS = 20
SENTENCES = {403: "The store refuses our key.", 404: "The store's bucket does not exist."}


@contextmanager
def bucket_trouble() -> Iterator[None]:
    """Raises as `StoreTrouble` what goes wrong at the bucket."""
    try:
        yield
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        # The text of the error is not passed on: it may name the key.
        raise StoreTrouble(SENTENCES.get(status, f"The store answers with an error ({status}).")) from error
    except NoCredentialsError as error:
        raise StoreTrouble("The store asks for a key, and there is none.") from error
    except (BotoCoreError, Boto3Error) as error:
        raise StoreTrouble("The store does not answer.") from error


class Bucket(Store):
    """Stored files in the bucket that `options` (settings.ARCHIVE_BUCKET) name; parts below `root`, on the disk."""

    def __init__(self, root: Path, options: dict[str, str]) -> None:
        super().__init__(root)
        config = Config(
            signature_version="s3v4",
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 2},
            s3={"addressing_style": options["addressing_style"]},
            # Without newer checksum headers, which many refuse that are not Amazon's, the signature covers the
            # body's SHA-256, and every store must check that.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        # One request for one file: what a crash cuts off leaves nothing behind in the bucket.
        transfer = TransferConfig(multipart_threshold=2**32, use_threads=False)
        self._bucket = S3Storage(**options, client_config=config, transfer_config=transfer)

    def put(self, part: Part, name: str) -> None:
        part.close()
        with disk_trouble(), part.path.open("rb") as file:
            content = File(file)
            # Python 3.11 does not know WebP by its name.
            content.content_type = content_type(name)  # type: ignore[attr-defined]
            with bucket_trouble():
                self._bucket.save(name, content)
        if self.size(name) != part.path.stat().st_size:
            raise StoreTrouble("The store has not taken every byte.")
        part.discard()

    def open(self, name: str) -> BinaryIO:
        with bucket_trouble():
            # The storage's own file would first be read into memory, whole.
            body = self._bucket.open(name).obj.get()["Body"]
        return cast(BinaryIO, io.BufferedReader(_Body(body), CHUNK_BYTES))

    def size(self, name: str) -> int:
        with bucket_trouble():
            return int(self._bucket.size(name))

    def exists(self, name: str) -> bool:
        with bucket_trouble():
            return bool(self._bucket.exists(name))

    def delete(self, name: str) -> None:
        with bucket_trouble():
            self._bucket.delete(name)

    def address(
        self, name: str, *, method: str = "GET", download_name: str | None = None, seconds: int = ADDRESS_SECONDS
    ) -> str:
        wanted = {"ResponseContentType": content_type(name)}
        if download_name:
            wanted["ResponseContentDisposition"] = disposition(download_name)
        with bucket_trouble():
            # The signature covers the method: a GET's address refuses a HEAD.
            return str(self._bucket.url(name, wanted, expire=seconds, http_method=method))


class _Body(io.RawIOBase):
    """The body of an answer as a file, which breaks off with `StoreTrouble`."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with bucket_trouble():
            chunk = self._body.read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        self._body.close()
        super().close()
