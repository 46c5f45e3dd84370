"""OWASP ASVS 5.0, levels 1 and 2, item by item: `asvs.csv` as the end of `docs/security.md`.

`python -m tests.project.asvs` writes it anew. A row is an item's number ("10.*": all of a chapter), what it asks for
in a few words of ours, a verdict, and for "test" the names of the tests that hold it, else a sentence.
"""

import csv
from pathlib import Path

from tests.paths import PROJECT

PAGE = PROJECT / "docs" / "security.md"
HEADING = "\n## OWASP ASVS 5.0, levels 1 and 2\n"
VERDICTS = {"test": "held by", "held": "holds:", "none": "not here:", "open": "**open:**"}
# How many items each section has at these levels; none is left out between them.
COUNTED = """
1.1:2 1.2:9 1.3:11 1.4:3 1.5:2 2.1:3 2.2:3 2.3:4 2.4:1 3.2:2 3.3:4 3.4:6 3.5:5 3.7:2 4.1:3 4.2:1 4.3:2 4.4:4 5.1:1
5.2:3 5.3:2 5.4:3 6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4 7.1:3 7.2:4 7.3:2 7.4:5 7.5:2 7.6:2 8.1:2 8.2:3 8.3:1
8.4:1 9.1:3 9.2:4 10.1:2 10.2:2 10.3:4 10.4:11 10.5:5 10.6:2 10.7:3 11.1:2 11.2:3 11.3:3 11.4:4 11.5:1 11.6:1 12.1:3
12.2:2 12.3:4 13.1:1 13.2:5 13.3:2 13.4:5 14.1:2 14.2:4 14.3:3 15.1:3 15.2:3 15.3:7 16.1:1 16.2:5 16.3:4 16.4:3 16.5:3
17.1:1 17.2:4 17.3:2
"""
SECTIONS = dict(part.split(":") for part in COUNTED.split())
ITEMS = [f"{section}.{number}" for section, most in SECTIONS.items() for number in range(1, int(most) + 1)]


def rows() -> list[dict[str, str]]:
    """The table."""
    with (Path(__file__).parent / "asvs.csv").open(newline="") as file:
        return list(csv.DictReader(file, delimiter="|"))


def items(name: str) -> list[str]:
    """The items that a row is about."""
    return [item for item in ITEMS if item == name or (name.endswith("*") and item.startswith(name[:-1]))]


def section() -> str:
    """What stands under the heading."""
    counted = {verdict: sum(row["verdict"] == verdict for row in rows()) for verdict in VERDICTS}
    summary = (
        f"{counted['test']} rows name the tests that hold them, {counted['held']} say why they hold, "
        f"{counted['open']} are open, and {counted['none']} are about what is not here. What is asked for stands in"
        " full in OWASP’s own text (CC BY-SA 4.0); the words here are ours."
    )
    lines = ["", summary, "", "| item | what | |", "|---|---|---|"]
    for row in rows():
        how = ", ".join(f"`{name}`" for name in row["how"].split()) if row["verdict"] == "test" else row["how"]
        lines.append(f"| {row['item']} | {row['what']} | {VERDICTS[row['verdict']]} {how} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(PAGE.read_text().partition(HEADING)[0] + HEADING + section())
