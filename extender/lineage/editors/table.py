"""What is told of each take, and the table of them all."""

import csv
import io
import re

from extender.lineage.editors.cutlist import CutList, Take
from extender.states import FILE_WORDS, FileState
from extender.tasks.models import Task

# By these spreadsheets know a formula, wherever a cell begins: where they separate by semicolons they see no quotes.
FORMULA = re.compile(r"(^|[;\t\r\n])(\s*)([=+\-@＝＋－＠])")
BOM = "\ufeff"  # without it, some spreadsheets take the text for another than UTF-8


def facts(take: Take) -> dict[str, object]:
    """What is known of a take, as plain values."""
    task, clip = take.step.task, take.clip
    return {
        "step": take.step.number,
        "take": clip.index,
        "picked": clip.picked,
        "file": take.name,
        "state": FILE_WORDS[FileState(clip.state)],
        "words": task.prompt,
        # APIFRAME does not tell those of a video made elsewhere.
        "motion": "" if task.kind == Task.Kind.ORIGINAL else task.motion,
        "apiframe_id": task.remote_id,
        "continues_apiframe_id": task.parent_task_id,
        "continues_take": task.index,
        "width": clip.width,
        "height": clip.height,
        "codec": clip.codec,
        "bytes": clip.bytes,
        "sha256": clip.sha256,
        # No more is known of its cost, and others may have paid from the account meanwhile.
        "account_credits_before": task.credits_before,
        "account_credits_after": task.credits_after,
    }


def as_csv(cuts: CutList) -> str:
    """A row a take; no cell runs as a formula."""
    rows = [{"in_film": take.is_played} | facts(take) for take in cuts.takes]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(rows[0])
    writer.writerows(map(_cell, row.values()) for row in rows)
    return BOM + text.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return FORMULA.sub(r"\1\2'\3", value) if isinstance(value, str) else value
