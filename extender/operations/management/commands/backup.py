"""`manage.py backup DIR`: rows and files of one moment, while everything runs."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from extender.archive.storage import StoreTrouble
from extender.operations.backup.folder import NoBackup
from extender.operations.backup.making import back_up


class Command(BaseCommand):
    """Exit codes: 0 it is made, 1 it is made without the clips of damaged files (each is named), 2 it is not made."""

    help = (
        "Writes a backup of everything into a directory, in place of the one before; copies only files that are new."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with tqdm(unit="file", disable=None) as bar:
                made = back_up(options["directory"], bar.update)
        except (NoBackup, StoreTrouble) as error:
            raise CommandError(str(error), returncode=2) from error
        self.stdout.write(f"{made.rows} rows and {made.files} files are saved; {made.copied} files were new.")
        if made.missing:
            raise CommandError(
                f"Missing or damaged in the archive, so that the backup is without them: {', '.join(made.missing)}."
                " `manage.py archive --verify` has them copied again.",
                returncode=1,
            )
