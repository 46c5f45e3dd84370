"""What is asked about tasks, in sentences. Times are compared by the database's clock: machines need not agree."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from operator import itemgetter
from statistics import median
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Count, Exists, F, Min, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Now
from django_cte import CTE, with_cte

from extender.compiled import Given
from extender.states import FOLLOWED, OPEN, RUNNING, UNSENT, State
from extender.tasks.models.gate import Gate
from extender.tasks.models.limits import REACHED, Limit, limits
from extender.team.roles import active

if TYPE_CHECKING:
    from extender.tasks.models.tasks import Task

# Longer than the 20 s that a submit may take: whoever still holds a row after it has died.
SENDING_LEASE = timedelta(seconds=60)
# Without news for longer than this, a task is quiet: it is asked about once a day, and people are told.
QUIET_AFTER = timedelta(days=1)
QUIET = Q(due_at=None) | Q(changed_at__lt=Now() - QUIET_AFTER)


class TaskQuerySet(models.QuerySet["Task"]):
    """Sentences about tasks. Times are compared by the database's clock, so that machines need not agree."""

    def visible_to(self, member) -> "TaskQuerySet":
        """The tasks that `member` (or the one with this id) may read: their own."""
        return self.owned_by(member)

    def owned_by(self, member) -> "TaskQuerySet":
        """The tasks that `member` (or the one with this id) may change: their own."""
        return self.filter(owner=member)

    def timed(self) -> "TaskQuerySet":
        """The same tasks, each with the moment of the reading as `read_at`: what pages need."""
        return self.annotate(read_at=Now())

    def with_gate(self) -> "TaskQuerySet":
        """The same tasks, each with what keeps any from being sent now: `gate_cause`, `gate_said`, `gate_until`."""
        closed = Gate.objects.closed()
        return self.annotate(
            gate_cause=Subquery(closed.values("cause")),
            gate_said=Subquery(closed.values("said")),
            gate_until=Subquery(closed.values("closed_until")),
        )

    def with_running_of(self, member) -> "TaskQuerySet":
        """The same tasks, each with what its page's bar shows of all that run for `member`.

        `working`, and the sum of their percentages as `progress`, and `waiting`; None stands for 0.
        """
        running = self.model._default_manager.owned_by(member).running().order_by().values("owner")
        working = running.exclude(state=State.QUEUED)
        return self.annotate(
            working=Subquery(working.annotate(number=Count("pk")).values("number")),
            progress=Subquery(working.annotate(sum=Sum("percentage")).values("sum")),
            waiting=Subquery(running.filter(state=State.QUEUED).annotate(number=Count("pk")).values("number")),
        )

    def shown_by(self, links: models.QuerySet) -> "TaskQuerySet":
        """The tasks that these links to them show."""
        return self.filter(pk__in=links.values("task"))

    def with_remote_id(self, remote_id: str) -> "Task | None":  # type: ignore[misc]  # the model, by a string
        """The task that APIFRAME calls `remote_id`, or that without blanks around it: they may be pasted too.

        The paid one comes first, where the same was looked up as an original too.
        """
        if not remote_id.strip():
            return None
        found = list(self.filter(remote_id__in={remote_id, remote_id.strip()}))
        found = [task for task in found if task.remote_id == remote_id] or found
        return next((task for task in found if task.kind != task.Kind.ORIGINAL), found[0] if found else None)

    def among(self, tasks: "TaskQuerySet") -> "TaskQuerySet":
        """Those of these tasks that are among `tasks` too.

        For what is named by keys: where an owner stands beside them, SQLite goes by the owner, and reads their whole
        history.
        """
        return self.filter(Exists(tasks.filter(pk=OuterRef("pk"))))

    def newest_first(self) -> "TaskQuerySet":
        """In the order of the history."""
        return self.order_by("-created_at", "-id")

    def older_than(self, created_at: datetime, pk: uuid.UUID) -> "TaskQuerySet":
        """What follows the task (`created_at`, `pk`) in the order of the history."""
        # The first condition is implied by the second; it is the one that an index can seek by.
        return self.filter(
            Q(created_at__lt=created_at) | Q(created_at=created_at, pk__lt=pk), created_at__lte=created_at
        )

    def picked(self) -> "TaskQuerySet":
        """Tasks of which a clip is picked."""
        return self.filter(has_picks=True)

    def branch_to(self, pk: uuid.UUID | Given) -> "TaskQuerySet":
        """Task `pk`, and of these the one that it continues, the one that that continues, and so on; in no order."""
        return self._connected(pk, lambda cte: cte.join(self.model, pk=cte.col.parent_id))

    def tree_under(self, pk: uuid.UUID) -> "TaskQuerySet":
        """Task `pk`, and of these whatever continues it, what continues that, and so on; in no order."""
        return self._connected(pk, lambda cte: cte.join(self.model, parent=cte.col.id))

    def running(self) -> "TaskQuerySet":
        """Tasks that somebody is working on."""
        return self.filter(state__in=RUNNING)

    def with_clips(self) -> "TaskQuerySet":
        """Tasks with clips that can be continued, newest first."""
        return self.filter(state=State.FINISHED).exclude(kind="pictures").newest_first()

    def to_continue(self, number: int) -> list["Task"]:
        """The tasks that are likeliest to go on, up to `number`: those with picked clips, then the newest."""
        parts = [part.values("pk")[:number] for part in (self.with_clips().picked(), self.with_clips())]
        # A union, each half by its own index; the halves end inside, since SQLite allows no LIMIT in a union.
        chosen, newest = (self.model._default_manager.filter(pk__in=part) for part in parts)
        found = {task.pk: task for task in chosen.union(newest, all=True)}.values()
        newest_first = sorted(found, key=lambda task: (task.created_at, task.pk), reverse=True)
        return sorted(newest_first, key=lambda task: not task.has_picks)[:number]

    def _connected(self, pk: uuid.UUID | Given, onward: Callable[[CTE], models.QuerySet]) -> "TaskQuerySet":
        """Task `pk` and all that `onward` leads to from there; each step joins the tasks found so far, as a CTE."""

        def step(cte: CTE) -> models.QuerySet:
            start = self.model._default_manager.filter(pk=pk).values("id", "parent_id")
            # Without ALL what was found already leads nowhere again: this ends whatever the rows say.
            return start.union(onward(cte).values("id", "parent_id"))

        cte = CTE.recursive(step, name="connected")
        # By their keys, and not joined: SQLite does not know how few are connected, and might begin with all tasks.
        return with_cte(cte, select=self.filter(pk__in=cte.queryset().values("id")))

    def renumber(self, pk: uuid.UUID) -> None:
        """Gives task `pk` its next version, by which pages ask whether anything about it is new."""
        self.filter(pk=pk).update(version=F("version") + 1)

    def due(self) -> "TaskQuerySet":
        """Tasks that are due."""
        return self.filter(due_at__lte=Now())

    def unsent(self) -> "TaskQuerySet":
        """Saved and not sent, not told to wait, and of somebody who may spend."""
        return self.due().filter(state=State.QUEUED, owner__in=active())

    def to_send(self) -> "TaskQuerySet":
        """The unsent, while the gate is open or ajar."""
        return self.unsent().filter(~Exists(Gate.objects.shut()))

    def last_straw(self, limit: Limit, owner: object) -> "TaskQuerySet":
        """The request that must be `limit.span` ago before one more may be sent for `owner`; none if one may."""
        sent = self.filter(sent_at__gt=Now() - limit.span).exclude(state__in=UNSENT)
        whose = sent.filter(owner=owner) if limit.of_member else sent
        return whose.order_by("-sent_at")[limit.most - 1 : limit.most]

    def affordable(self) -> "TaskQuerySet":
        """Those of them that no limit of spending keeps back."""
        tasks, everything = self, self.model._default_manager
        for limit in limits():
            tasks = tasks.filter(~Exists(everything.last_straw(limit, OuterRef("owner"))))
        return tasks

    def kept_back(self) -> "models.QuerySet[Task, dict]":
        """Whose rows wait for which limit of spending (`reason`), how many (`number`), and `until` when."""
        waiting = self.filter(state=State.QUEUED, due_at__gt=Now(), reason__startswith=REACHED)
        grouped = waiting.values("reason", "owner__username").order_by("owner__username")
        return grouped.annotate(number=Count("pk"), until=Min("due_at"))

    def to_follow(self) -> "TaskQuerySet":
        """Known to APIFRAME, and due to be asked about, the longest overdue first."""
        return self.due().known().order_by("due_at")

    def known(self) -> "TaskQuerySet":
        """Open at APIFRAME, under an id by which it can be asked about them."""
        return self.filter(state__in=[*FOLLOWED, State.UNCONFIRMED]).exclude(remote_id="")

    def without_result(self) -> "TaskQuerySet":
        """Known to APIFRAME, and without news for more than a day, the longest first."""
        return self.known().filter(QUIET).order_by("changed_at")

    def abandoned(self) -> "TaskQuerySet":
        """Left in the middle of a send by a process that died, the longest ago first."""
        return self.due().filter(state=State.SENDING).order_by("due_at")

    def counts(self) -> dict[str, int]:
        """How many tasks are queued, sending, followed and unconfirmed, and how many have no news."""
        return self.filter(state__in=OPEN).aggregate(
            queued=Count("pk", filter=Q(state=State.QUEUED)),
            sending=Count("pk", filter=Q(state=State.SENDING)),
            followed=Count("pk", filter=Q(state__in=FOLLOWED)),
            unconfirmed=Count("pk", filter=Q(state=State.UNCONFIRMED)),
            no_news=Count("pk", filter=Q(QUIET, state__in=FOLLOWED)),
        )

    def needing_attention(self) -> "TaskQuerySet":
        """Tasks that wait for a person, oldest first."""
        left_behind = Q(state=State.QUEUED) & ~Q(owner__in=active())
        waiting = Q(state=State.UNCONFIRMED) | Q(QUIET, state__in=FOLLOWED) | left_behind
        return self.filter(waiting).order_by("changed_at")

    def usual_seconds(self, kind: str) -> int | None:
        """How long tasks of `kind` take here: the median of the last 50 that finished; None before the first."""
        lately = self.filter(state=State.FINISHED, kind=kind, sent_at__isnull=False).order_by("-ended_at")
        spans = [(ended - sent).total_seconds() for sent, ended in lately.values_list("sent_at", "ended_at")[:50]]
        return round(median(spans)) if spans else None

    def claim_to_send(self, pk: uuid.UUID, *, on_trial: bool = False) -> bool:
        """Takes the right to send task `pk`; true for one caller alone, whoever else tries, and within all limits.

        Claims come one after the other (`gate.claim`): else two would count the same requests before them.
        `on_trial`: whether the gate lets this row through although it is closed.
        """
        return bool(
            (self.unsent() if on_trial else self.to_send())
            .filter(pk=pk)
            .affordable()
            .update(
                state=State.SENDING,
                reason="",
                sent_at=Now(),
                changed_at=Now(),
                attempts=F("attempts") + 1,
                version=F("version") + 1,
                due_at=Now() + SENDING_LEASE,
            )
        )

    def keep_back(self, owner: int) -> None:
        """Has all unsent tasks wait that the last limit to let one of `owner` through keeps back.

        All at once: else who asked for thousands would keep the worker from what others ask for.
        """
        straws = (
            (limit, self.last_straw(limit, owner).values_list("sent_at", flat=True).first()) for limit in limits()
        )
        waits = [(sent_at + limit.span, limit) for limit, sent_at in straws if sent_at]
        if waits:
            until, limit = max(waits, key=itemgetter(0))
            kept_back = self.unsent().filter(owner=owner) if limit.of_member else self.unsent()
            kept_back.update(due_at=until, reason=str(limit), version=F("version") + 1)

    def renew_claim(self, pk: uuid.UUID, attempt: int) -> bool:
        """Whether the claim of this `attempt` to send task `pk` still holds; if so, its time begins anew.

        It does not where the owner may spend no more.
        """
        held = self.filter(pk=pk, state=State.SENDING, attempts=attempt, due_at__gt=Now(), owner__in=active())
        return bool(held.update(due_at=Now() + SENDING_LEASE))

    def claim_to_follow(self, pk: uuid.UUID, interval: timedelta | None) -> bool:
        """Takes the right to ask about task `pk` once in this `interval`; true for one caller alone.

        Without an interval it is the last time that anybody asks unbidden.
        """
        claimed: dict[str, object] = {"due_at": None if interval is None else Now() + interval}
        if interval is None or interval >= QUIET_AFTER:
            # The pages have to say so.
            claimed["version"] = F("version") + 1
        return bool(self.to_follow().filter(pk=pk).update(**claimed))

    def to_check_again(self) -> "TaskQuerySet":
        """Tasks that a person may have asked about: what has no news, or was told what cannot be read yet."""
        waits = Q(due_at=None) | Q(due_at__gt=Now())
        return self.known().filter((QUIET & waits) | ~Q(reason=""))
