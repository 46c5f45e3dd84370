"""Exports while the workers that make them are killed at random: each is made, and none is served by halves."""

import hashlib
import io
import json
import os
import random
import sys
import time
from collections import Counter
from math import ceil
from pathlib import Path

import av
import pytest
from django.db.models import Sum

from extender.archive.exports.models import Export
from extender.lineage.branches import branch_to
from extender.video.cutlist import CutList, Part
from tests import films
from tests.faults.installation import Process
from tests.faults.sizes import PATIENCE, size
from tests.helpers import database_url, make_clip

EXPORTS = size(3, 50)
# At every which moment of a kind a worker dies, and within how many seconds.
DEADLY = {"look": (3, 0.8), "write": (5, 0.002), "rename": (4, 0.002)}
# Longer than an export takes, however busy the machine is.
STUCK_SECONDS = 30


@pytest.mark.django_db(transaction=True)
def test_whatever_is_killed_no_half_film_is_ever_served(web, start, settings, tmp_path: Path, shorten, say) -> None:
    began, log, dice = time.monotonic(), tmp_path / "deaths", random.Random(7)
    body = films.write(tmp_path / "clip.mp4", films.pan(48)).read_bytes()
    clip = make_clip(start, body=body, duration_ms=2000)
    start.clip_set.exclude(pk=clip.pk).delete()
    address = f"/tasks/{start.pk}/clips/1/film/export/"
    wanted = {ends: dice.choice(["as it is", "1:1"]) for ends in range(1000, 1000 + EXPORTS)}
    shorten("extender.archive.exports.models.MOST_UNDER_WAY", EXPORTS)
    for ends, shape in wanted.items():
        Export.objects.ask_for(start.owner, [clip.sha256], CutList((Part(0, ends),), shape=shape))
    assert branch_to(start, 1).clips == [clip]
    environment = {"DATABASE_URL": database_url(), "MEDIA_ROOT": str(settings.MEDIA_ROOT)}
    environment |= {"APIFRAME_BASE_URL": settings.APIFRAME_BASE_URL, "ARCHIVE_KEEP_FREE_MB": "0"}
    command = [sys.executable, "-m", "tests.faults.copier", "2", str(log), json.dumps(DEADLY)]
    workers = Process(tmp_path, "workers", command, os.environ | environment)
    served: dict[object, str] = {}
    broken, lapsed, looked_at = [], 0, time.monotonic()
    try:
        while len(served) < EXPORTS:
            assert time.monotonic() < began + PATIENCE, workers.log[-3000:]
            time.sleep(0.1)
            for export in Export.objects.filter(state="stored").exclude(pk__in=served):
                answer = web.get(f"{address}{export.pk}/")
                content = answer.getvalue()
                served[export.pk] = hashlib.sha256(content).hexdigest()
                if answer["ETag"] != f'"{served[export.pk]}"' or pictures(content) != frames(export):
                    broken.append(export.pk)
            dead = len(log.read_text().split()) if log.exists() else 0
            silent = time.monotonic() - looked_at
            # Who is dying is dead after a second. Should it be later, what it took meanwhile has to wait a little.
            if (silent > 1 and dead > lapsed) or silent > STUCK_SECONDS:
                Export.objects.filter(state="exporting").update(due_at="2020-01-01T00:00:00Z")
                lapsed, looked_at = dead, time.monotonic()
    finally:
        workers.end()
    deaths, attempts = Counter(log.read_text().split()), Export.objects.aggregate(sum=Sum("attempts"))["sum"]
    said = ", ".join(f"{count} at a {kind}" for kind, count in sorted(deaths.items()))
    say(f"{EXPORTS} exports in {attempts} attempts, {deaths.total()} workers killed ({said}), {len(broken)} broken")
    assert broken == []
    # What another one wrote over it since is the same film.
    assert {path.stem for path in settings.MEDIA_ROOT.glob("films/*/*")} == set(
        Export.objects.values_list("cut_list", flat=True)
    )
    assert attempts > EXPORTS, "a kill must have hit an export"
    assert set(deaths) == set(DEADLY), "every kind of moment must have seen a death"


def pictures(body: bytes) -> int:
    with av.open(io.BytesIO(body)) as container:
        return sum(1 for _ in container.decode(video=0))


def frames(export: Export) -> int:
    """How many pictures, at 24 a second, come before its end; one that is up to 1 ms early counts for one there."""
    return ceil((export.as_cut_list().parts[0].ends_ms - 1) * 24 / 1000)
