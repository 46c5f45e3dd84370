"""`manage.py backup DIR`: rows and files of one moment, while everything runs."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from extender.archive.storage import StoreTrouble
from extender.operations.backup.folder import Damaged, Folder, NoBackup
from extender.operations.backup.making import back_up


class Command(BaseCommand):
    """Exit codes: 0 all is well, 1 files are missing or damaged (each is named), 2 there is no backup."""

    help = (
        "Writes a backup of everything into a directory, in place of the one before; copies only files that are new."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("directory", type=Path)
        parser.add_argument("--verify", action="store_true", help="make none: read the one that is there")

    def handle(self, *args: Any, **options: Any) -> None:
        act = self._verify if options["verify"] else self._make
        try:
            with tqdm(unit="file", disable=None) as bar:
                act(options["directory"], bar)
        except Damaged as error:
            raise CommandError(str(error), returncode=1) from error
        except (NoBackup, StoreTrouble, OSError) as error:
            raise CommandError(str(error), returncode=2) from error

    def _verify(self, directory: Path, bar: tqdm) -> None:
        Folder(directory).check(bar.update)
        self.stdout.write("The backup is whole.")

    def _make(self, directory: Path, bar: tqdm) -> None:
        made = back_up(directory, bar.update)
        self.stdout.write(f"{made.rows} rows and {made.files} files are saved; {made.copied} files were new.")
        if made.missing:
            raise CommandError(
                f"Missing or damaged in the archive, so that the backup is without them: {', '.join(made.missing)}."
                " `manage.py archive --verify` has them copied again.",
                returncode=1,
            )
