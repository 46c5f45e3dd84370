"""How pages draw trees: as nested lists."""

import math
from collections import Counter

from django import template
from django.template import Context, Engine
from django.utils.safestring import SafeString, mark_safe

from extender.lineage.branches import Node
from extender.tasks.models import Task

register = template.Library()

# A block of leaves is about as wide as a screen, not as high as all of them: a tree is high anyway, and never wide.
WIDTH_TO_HEIGHT = 3
MOST_COLUMNS = 8


@register.simple_tag(takes_context=True)
def nested(context: Context, root: Node) -> SafeString:
    """The list item of `root`, and in it the lists of all that grow from it."""
    # From the leaves to the root, not by a template that includes itself: a branch may be longer than Python's stack.
    item = Engine.get_default().get_template("lineage/_node.html")
    made: dict[Task, SafeString] = {}
    for node in reversed(list(root.nodes)):
        folded = [extension for extension in node.extensions if _is_folded(extension)]
        rows, block = _arranged([extension for extension in node.extensions if extension not in folded])
        parts = {"rows": rows, "block": block, "folded": folded}
        # Taken out: each holds all beneath it, so that to keep them would cost the square of a branch's length.
        lists = {name: [made.pop(extension.task) for extension in part] for name, part in parts.items()}
        fold = {"words": _words(folded), "is_open": any(leaf.task == context["task"] for leaf in folded)}
        with context.push(node=node.task, columns=_columns(len(block or folded)), **fold, **lists):
            made[node.task] = mark_safe(item.render(context))  # noqa: S308  # a template made it
    return made[root.task]


@register.simple_tag
def pictures(task: Task) -> str:
    """A name for the task's stills as they are; they stay in the page while it is the same."""
    return f"stills-{task.pk}-{task.version}"


def _is_folded(node: Node) -> bool:
    """Whether nothing came of it, nothing is left of it, and nothing continues it."""
    return node.task.is_final and not node.task.available_clips and not node.extensions


def _words(folded: list[Node]) -> str:
    """How many of them ended in which way: "2 failed, 1 cancelled"."""
    counts = Counter(node.task.state if node.task.is_fruitless else "lost" for node in folded)
    return ", ".join(f"{count} {word}" for word, count in counts.items())


def _arranged(extensions: list[Node]) -> tuple[list[Node], list[Node]]:
    """What has a row to itself: what grows on, and a single leaf; and the leaves that stand together in a block."""
    rows = [node for node in extensions if node.extensions]
    leaves = [node for node in extensions if not node.extensions]
    return (rows, leaves) if len(leaves) > 1 else (rows + leaves, [])


def _columns(leaves: int) -> int:
    """In how many columns so many leaves stand, with no more rows than they need: 5 in 3, not in 4 and 1."""
    wanted = min(MOST_COLUMNS, math.ceil(math.sqrt(WIDTH_TO_HEIGHT * leaves)) or 1)
    return math.ceil(leaves / (math.ceil(leaves / wanted) or 1))
