"""What the clips' host remembers while it runs: whose addresses have expired, and how often it was asked."""

import threading
from collections import Counter
from typing import Any


class Memory:
    """Thread-safe. A restart or a reset forgets."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._expired: set[str] = set()
        self._asked: Counter[str] = Counter()

    def expire(self, task_id: str) -> None:
        """The addresses that were given for this task are of no use any more."""
        with self._lock:
            self._expired.add(task_id)

    def refreshed(self, body: dict[str, Any]) -> dict[str, Any]:
        """A task's body, with fresh addresses where those it had have expired."""
        with self._lock:
            if body["task_id"] not in self._expired:
                return body
        lists = {name: urls for name, urls in body.items() if name in ("video_urls", "image_urls")}
        return {**body, **{name: [f"{url}?fresh" for url in urls] for name, urls in lists.items()}}

    def turn(self, path: str) -> int:
        """How often this path has been asked about, this time included."""
        with self._lock:
            self._asked[path] += 1
            return self._asked[path]
