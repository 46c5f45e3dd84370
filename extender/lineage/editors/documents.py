"""The texts that editors get beside the files of a film."""

from extender.lineage.editors.cutlist import CutList
from extender.lineage.editors.table import as_csv
from extender.lineage.editors.timeline import as_edl, as_otio


def documents(cuts: CutList) -> dict[str, bytes]:
    """The texts by the names of their files."""
    texts = {"film.otio": as_otio(cuts), "film.edl": as_edl(cuts)} if cuts.shots else {}
    texts["film.csv"] = as_csv(cuts)
    return {name: text.encode() for name, text in texts.items()}
