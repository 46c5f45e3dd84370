"""What is stored of tasks. Querysets read as sentences; nothing here knows a view or the network."""

from extender.tasks.models.copies import Copy
from extender.tasks.models.events import Event
from extender.tasks.models.gate import Gate
from extender.tasks.models.tasks import Clip, Task

__all__ = ["Clip", "Copy", "Event", "Gate", "Task"]
