"""What is told of each take, and the table of them all: where each second of the film came from."""

import csv
import io
import re

from extender.lineage.editors.cutlist import CutList, Shot, Take
from extender.states import FILE_WORDS, FileState
from extender.tasks.models import Task

# By these spreadsheets know a formula, wherever a cell begins: where they separate by semicolons they see no quotes,
# but those that stand in the words.
FORMULA = re.compile(r"""(^\s*|[;\t\r\n][\s"]*)([=+\-@＝＋－＠])""")
BOM = "\ufeff"  # without it, some spreadsheets take the text for another than UTF-8


def facts(take: Take) -> dict[str, object]:
    """What is known of a take, as plain values. The out is the first frame, or moment, that is not in the film."""
    task, clip, frames = take.step.task, take.clip, take.frames
    return {
        "shot": take.step.shot,
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
        "in_frame": frames and frames.first,
        "out_frame": frames and frames.end,
        "frame_rate": frames and round(frames.rate, 3),
        "in_s": frames and round(frames.first / frames.rate, 3),
        "out_s": frames and round(frames.end / frames.rate, 3),
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
    """A row a take, with where in the film it is; no cell runs as a formula."""
    shots = {shot.take.clip: shot for shot in cuts.shots}
    rows = [_played(shots.get(take.clip)) | facts(take) for take in cuts.takes]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(rows[0])
    writer.writerows(map(_cell, row.values()) for row in rows)
    return BOM + text.getvalue()


def _played(shot: Shot | None) -> dict[str, object]:
    begins, ends = (round(shot.begins, 3), round(shot.ends, 3)) if shot else (None, None)
    return {"in_film": bool(shot), "film_in_s": begins, "film_out_s": ends}


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return FORMULA.sub(r"\1'\2", value) if isinstance(value, str) else value
