"""Static files are collected anew where something of them is missing; what has changed, test_run sees."""

import shutil
from pathlib import Path

import pytest
from django.conf import settings

from project.static import MADE_OF, Storage


@pytest.fixture
def storage(static_files, tmp_path) -> Storage:
    shutil.copytree(settings.STATIC_ROOT, tmp_path, dirs_exist_ok=True)
    return Storage(location=tmp_path, base_url="/static/")


def test_what_is_all_there_is_collected(storage):
    assert storage.is_collected()


@pytest.mark.parametrize("name", [MADE_OF, "staticfiles.json", "css/shared/base.css"])
def test_what_lacks_a_file_is_not(storage, name):
    stored = name if Path(storage.path(name)).exists() else storage.stored_name(name)
    Path(storage.path(stored)).unlink()
    assert not storage.is_collected()


def test_a_file_that_an_editor_has_left_counts_for_nothing(storage, settings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("static")
    settings.STATICFILES_DIRS = [*settings.STATICFILES_DIRS, folder]
    (folder / ".#base.css").symlink_to("nobody@nowhere.1")
    assert storage.is_collected()
