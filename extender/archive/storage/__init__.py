"""Where stored files lie: on this machine's disk, or in an S3 bucket."""

from extender.archive.storage.base import CHUNK_BYTES, KINDS, Store, content_type, film_name, name
from extender.archive.storage.current import current_store
from extender.archive.storage.parts import Part, StoreTrouble, disk_trouble

__all__ = [
    "CHUNK_BYTES",
    "KINDS",
    "Part",
    "Store",
    "StoreTrouble",
    "content_type",
    "current_store",
    "disk_trouble",
    "film_name",
    "name",
]
