"""What is stored. Querysets read as sentences; nothing here knows a view or the network."""

from extender.models.copies import Copy
from extender.models.events import Event
from extender.models.gate import Gate
from extender.models.tasks import Clip, Task
from extender.operations.models import Heartbeat
from extender.sharing.models import Share
from extender.team.models import Member

__all__ = ["Clip", "Copy", "Event", "Gate", "Heartbeat", "Member", "Share", "Task"]
