"""The parts of the sandbox, put together."""

import shutil
import threading
from pathlib import Path
from typing import Any

from extender.sandbox import dictation, options, originals, wire
from extender.sandbox.answers import Answer
from extender.sandbox.database import Database
from extender.sandbox.life import Moment
from extender.sandbox.memory import Memory
from extender.sandbox.options import Options
from extender.sandbox.render_queue import RenderQueue
from extender.sandbox.store import Store, Task
from extender.sandbox.webhooks import Webhooks


class Service:
    def __init__(self, directory: Path, chosen: Options, key: str, origin: str) -> None:
        self.key = key
        self.origin = origin  # such as http://127.0.0.1:8791
        self.chosen = self.options = chosen  # as started, and as changed since
        self.stopping = threading.Event()
        self.database = Database(directory / "sandbox.sqlite3")
        self.store = Store(self.database)
        self.render_queue = RenderQueue(self.store, directory)
        self.uploads = self.render_queue.uploads
        self.webhooks = Webhooks(self.store, self.body)
        self.memory = Memory()
        self.dictated: dictation.Dictated = {}

    def start(self) -> None:
        """Grants the credits and resumes the paintings and webhooks that are due, the originals first."""
        self.store.grant_once(self.options.credits)
        originals.prepare(self.store, self.render_queue, is_tiny=self.options.tiny)
        for task in self.store.unpainted():
            if not task.original:
                self.render_queue.make(task, is_tiny=self.options.tiny)
        self.webhooks.start()

    def body(self, task: Task, moment: Moment) -> dict[str, Any]:
        """The task as APIFRAME shows it at that moment."""
        return wire.task_body(task, moment, self.origin, has_status=self.options.finished == "status")

    def change(self, changes: Any) -> None:
        """Changes options until the process ends; ValueError with a sentence if one is not acceptable."""
        self.options = options.changed(self.options, changes)
        if "credits" in changes:
            self.store.grant(self.options.credits)

    def dictate(self, body: Any) -> None:
        """Has the next answers to some calls given as they are told; ValueError with a sentence if they cannot be."""
        self.dictated = dictation.read(body)

    def dictated_answer(self, path: str) -> Answer | None:
        """The next answer that was dictated for this call, if there is one left."""
        try:
            return self.dictated[path].popleft()
        except (KeyError, IndexError):
            return None

    def reset(self) -> None:
        """As after a first start: the originals and the options of the command line are all there is."""
        self.options = self.chosen
        self.dictated = {}
        self.webhooks.forget()
        self.memory = Memory()
        self.store.forget()
        self.store.grant(self.options.credits)
        shutil.rmtree(self.uploads, ignore_errors=True)
        self.render_queue.forget(keep={task.task_id for task in self.store.originals()})

    def stop(self) -> None:
        self.stopping.set()
        self.webhooks.forget()
        self.render_queue.stop()
        self.database.close()
