"""What the clips' host remembers while it runs: whose addresses have expired, and whom it has failed once."""

import threading
from typing import Any


class Memory:
    """Thread-safe. A restart or a reset forgets."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._expired: set[str] = set()
        self._seen: set[str] = set()

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

    def is_first(self, path: str) -> bool:
        """Whether this path is asked about for the first time."""
        with self._lock:
            is_new = path not in self._seen
            self._seen.add(path)
        return is_new
