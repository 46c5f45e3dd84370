"""What pages that stay open ask again and again: what runs, and whether anything is new."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from extender.compiled import CompiledQuery
from extender.states import State
from extender.tasks.models import Gate, Task
from extender.tasks.models.gate import GateQuerySet
from extender.team.models import Member
from extender.team.sign_in import MemberRequest


@dataclass(frozen=True)
class Running:
    """On how many tasks APIFRAME works, how far these are together, 0 to 100, and how many wait to be sent."""

    working: int
    percentage: int
    waiting: int

    @property
    def version(self) -> str:
        """By which a page asks whether anything about it is new."""
        return f"{self.working}-{self.percentage}-{self.waiting}"

    @classmethod
    def of(cls, tasks: Sequence[Task]) -> "Running":
        """The sum over `tasks`, all of them running."""
        working = [task.percentage for task in tasks if task.state != State.QUEUED]
        return cls(len(working), round(sum(working) / (len(working) or 1)), len(tasks) - len(working))

    @classmethod
    def annotated(cls, task: Task) -> "Running":
        """What `with_running_of` has brought with `task`."""
        working = task.working or 0
        return cls(working, round((task.progress or 0) / (working or 1)), task.waiting or 0)

    @classmethod
    def of_member(cls, member: Member) -> "Running":
        """The sum over all of the member's tasks that run. One query."""
        return cls.of(list(Task.objects.owned_by(member).running().only("state", "percentage")))


def shows_copies(request: HttpRequest, task: Task) -> bool:
    """Whether the page that asks for the copies of `task` shows them as they are, and has to go on asking.

    Without a worker a version would stay the same for ever: where nothing is to come the fragment says so, by asking
    no more.
    """
    is_shown = request.GET.get("v") == str(task.version)
    return is_shown and (task.has_just_ended or task.is_being_copied)


def digest(tasks: Iterable[Task]) -> str:
    """A text that differs as soon as something differs that a page shows of `tasks`."""
    shown = sorted(f"{task.pk}:{task.version}" for task in tasks)
    return hashlib.sha256(" ".join(shown).encode()).hexdigest()[:16]


def bar(request: MemberRequest) -> dict[str, object]:
    """`running` and `gate_shut`, asked for only by pages that show them and have not asked already."""
    return {
        "running": SimpleLazyObject(lambda: Running.of_member(request.user)),
        "calls_back": bool(settings.PUBLIC_URL),
        "gate_shut": SimpleLazyObject(_standing_gate.first),
    }


@CompiledQuery
def _standing_gate() -> GateQuerySet:
    return Gate.objects.standing()
