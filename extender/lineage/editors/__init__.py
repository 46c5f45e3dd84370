"""A film as editing programs get it: its cut list, a table of its takes, and the names of their files."""

from extender.lineage.editors.cutlist import FOLDER, CutList
from extender.lineage.editors.documents import documents

__all__ = ["FOLDER", "CutList", "documents"]
