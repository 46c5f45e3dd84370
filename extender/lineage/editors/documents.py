"""The texts that editors get beside the files of a film."""

from extender.lineage.editors.cutlist import CutList, Take
from extender.lineage.editors.table import as_csv
from extender.lineage.editors.timeline import as_edl, as_otio
from extender.states import FILE_WORDS, FileState


def documents(cuts: CutList) -> dict[str, bytes]:
    """The texts by the names of their files."""
    texts = {"film.otio": as_otio(cuts), "film.edl": as_edl(cuts)} if cuts.shots else {}
    texts["film.csv"] = as_csv(cuts)
    if missing := _missing(cuts):
        texts["MISSING.txt"] = "\r\n".join(["Not in this zip:", "", *missing, ""])
    return {name: text.encode() for name, text in texts.items()}


def _missing(cuts: CutList) -> list[str]:
    never = [
        f"{step.name.capitalize()}: the clip that was extended never came. The film skips it."
        for step in cuts.branch.steps
        if not step.clip
    ]
    return never + [_why(take) for take in cuts.takes if not take.clip.is_stored]


def _why(take: Take) -> str:
    words = f"{take.name}: {FILE_WORDS[FileState(take.clip.state)]}."
    if take.is_played:
        return f"{words} The film plays it: in the cut list it has about {take.seconds:.0f} s, by guess."
    return f"{words} The film skips it." if take.clip == take.step.clip else words
