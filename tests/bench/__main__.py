"""`make bench`: what pages, polls and webhooks cost, on SQLite and on PostgreSQL.

Times are this machine's; ratios compare. Every first answer is checked, so a row cannot be quick by being wrong.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.paths import PROJECT
from tests.postgres import start_postgres

MANY = int(os.environ.get("ROWS", 1_000_000))
# Far from what a bench sends, so that it measures nothing but itself.
ENVIRONMENT = {"APIFRAME_BASE_URL": "http://127.0.0.1:9", "ADMIN": "on", "PUBLIC_URL": ""}


def main() -> None:
    """Runs every row on each database, in a process of its own: Django reads its settings once."""
    with tempfile.TemporaryDirectory(prefix="extender-bench-") as directory:
        urls = {"SQLite": f"sqlite:///{directory}/bench.sqlite3", "PostgreSQL": start_postgres()}
        for name, url in urls.items():
            began = time.monotonic()
            print(f"\n{name}", flush=True)
            environment = {**os.environ, **ENVIRONMENT, "DATABASE_URL": url, "MEDIA_ROOT": f"{directory}/media"}
            command = [sys.executable, "-m", "tests.bench", "rows"]
            log = Path(directory) / "log"
            with log.open("w") as file:
                ended = subprocess.run(command, cwd=PROJECT, env=environment, stderr=file)
            if ended.returncode:
                sys.exit(log.read_text()[-3000:])
            print(f"  (in {time.monotonic() - began:.0f} s)", flush=True)


def measure_rows() -> None:
    """Prints the rows, on the database of the settings."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings"
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from extender.team.models import Member
    from tests.bench import copying, growing, serving

    settings.ALLOWED_HOSTS = ["*"]
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    owner = Member.objects.create_user("bench", is_staff=True, is_superuser=True)
    other = Member.objects.create_user("other")
    for name, measured in growing.rows(owner, other, MANY):
        _say(name, measured)
    for name, measured in serving.rows(owner, other):
        _say(name, measured)
    for name, measured in copying.rows(owner):
        _say(name, measured)


def _say(name: str, measured: str) -> None:
    print(f"  {name:36}{measured}", flush=True)


if __name__ == "__main__":
    measure_rows() if sys.argv[1:] == ["rows"] else main()
