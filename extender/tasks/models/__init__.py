"""What is stored of tasks. Querysets read as sentences; nothing here knows a view or the network."""

from extender.tasks.models.clips import Clip
from extender.tasks.models.events import Event
from extender.tasks.models.gate import Gate
from extender.tasks.models.pictures import Picture
from extender.tasks.models.tasks import Task

__all__ = ["Clip", "Event", "Gate", "Picture", "Task"]
