"""The page about security says what its table says, and the table is about tests that there are."""

import re
from collections import Counter

from tests.paths import PROJECT
from tests.project import asvs


def test_the_page_is_what_the_table_makes():
    assert asvs.PAGE.read_text().partition(asvs.HEADING)[2] == asvs.section(), "run: python -m tests.project.asvs"


def test_every_item_is_in_it_once():
    assert Counter(item for row in asvs.rows() for item in asvs.items(row["item"])) == Counter(asvs.ITEMS)


def test_every_row_has_a_verdict_and_names_tests_that_there_are():
    there = set(
        re.findall(r"^def (test_\w+)", "\n".join(path.read_text() for path in PROJECT.glob("tests/**/*.py")), re.M)
    )
    for row in asvs.rows():
        assert row["verdict"] in asvs.VERDICTS, row
        assert row["how"], row
        named = set(re.findall(r"\btest_\w+", row["how"]))
        assert named <= there, named - there
        assert row["verdict"] != "test" or named
