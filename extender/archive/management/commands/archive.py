"""`manage.py archive`: copies what is missing, verifies what is there, sweeps. Exit codes for a cron job."""

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Sum
from tqdm import tqdm

from extender.archive import comparing, copying, storage, sweeping
from extender.states import FileState
from extender.tasks.models import Clip


class Command(BaseCommand):
    """Exit codes: 0 all is well, 1 clips are missing or damaged (each is named), 2 the store is in trouble."""

    help = "Copies clips that are missing, verifies copies, sweeps temporary files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        wanted = parser.add_mutually_exclusive_group(required=True)
        wanted.add_argument("--missing", action="store_true", help="copy, now and here, what is not copied yet")
        wanted.add_argument("--verify", action="store_true", help="read every copy and compare its checksum")
        wanted.add_argument("--prune-temp", action="store_true", help="remove what unfinished copies have left")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["missing"]:
                self._copy_missing()
            elif options["verify"]:
                self._verify()
            else:
                self.stdout.write(f"{sweeping.prune()} temporary files removed.")
        except storage.StoreTrouble as error:
            raise CommandError(str(error), returncode=2) from error

    def _copy_missing(self) -> None:
        copying.copy_now()
        with tqdm(total=Clip.objects.missing().count(), unit="clip", disable=None) as bar:
            while copying.copy_next():
                bar.update()
        while comparing.compare_next():
            pass
        if blocked := Clip.objects.paused().first():
            raise storage.StoreTrouble(blocked.reason)
        self._tell("missing", Clip.objects.exclude(state__in=(FileState.STORED, FileState.COPYING)).by_pages())
        # Were its claim not held any more, it would have been copied here.
        if elsewhere := Clip.objects.filter(state=FileState.COPYING).count():
            self.stdout.write(f"{elsewhere} more are just being copied by a worker.")

    def _verify(self) -> None:
        weight = Clip.objects.stored().aggregate(bytes=Sum("bytes"))["bytes"] or 0
        with tqdm(total=weight, unit="B", unit_scale=True, disable=None) as bar:
            self._tell("damaged", sweeping.verify(bar.update))

    def _tell(self, what: str, clips: Iterator[Clip]) -> None:
        told = 0
        for clip in clips:
            told += 1
            self.stderr.write(f"task {clip.task_id}, clip {clip.index}: {clip.get_state_display()}. {clip.reason}")
        if told:
            raise CommandError(f"{told} clips are {what}.", returncode=1)
        self.stdout.write(f"{Clip.objects.stored().count()} clips are stored.")
