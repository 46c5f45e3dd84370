"""Many rows, read by their keys, a page at a time: however many they are, few are held, and no cursor is open."""

from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import QuerySet

PAGE = 500


def by_keys(rows: QuerySet[Any, Any], key: Callable[[Any], Any]) -> Iterator[Any]:
    """These rows in the order of their primary keys; `key` says that of each."""
    ordered = rows.order_by("pk")
    page = list(ordered[:PAGE])
    while page:
        yield from page
        page = list(ordered.filter(pk__gt=key(page[-1]))[:PAGE])
