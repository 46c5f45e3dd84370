"""`manage.py export MEMBER DIR`: what belongs to one member, for them to take along."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from extender.archive.storage import StoreTrouble
from extender.operations.backup.folder import NoBackup
from extender.operations.backup.member import export
from extender.team.models import Member


class Command(BaseCommand):
    """Exit codes as those of `backup`; 2 as well where there is no such member."""

    help = "Writes the tasks, clips, pictures and links of one member into a directory, as JSON beside the files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("member", help="the name by which they sign in")
        parser.add_argument("directory", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        member = Member.objects.filter(username=options["member"]).first()
        if member is None:
            raise CommandError(f"There is no member {options['member']}.", returncode=2)
        try:
            with tqdm(unit="file", disable=None) as bar:
                made = export(member, options["directory"], bar.update)
        except (NoBackup, StoreTrouble, OSError) as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(
            f"{made.rows} rows and {made.files} files of {member.username} are in {options['directory']}."
        )
        if made.missing:
            raise CommandError(f"Missing or damaged in the archive: {', '.join(made.missing)}.", returncode=1)
