"""Databases of their own for installations."""

import itertools
from collections.abc import Callable, Iterator

import psycopg
import pytest

from tests.faults.sizes import DATABASES
from tests.postgres import find_postgres, pgbouncer, start_postgres

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def _postgres() -> str:
    if find_postgres() is None:
        pytest.skip("no PostgreSQL server is installed (apt-get install postgresql)")
    return start_postgres()


@pytest.fixture
def new_postgres(_postgres) -> Callable[[], str]:
    """Makes a fresh database on a PostgreSQL of our own at each call."""

    def make() -> str:
        name = f"site_{next(_numbers)}"
        with psycopg.connect(_postgres, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"{_postgres.rpartition('/')[0]}/{name}"

    return make


@pytest.fixture
def postgres_url(new_postgres) -> str:
    """A fresh database on a PostgreSQL of our own."""
    return new_postgres()


@pytest.fixture
def pooled_url(postgres_url, tmp_path) -> Iterator[str]:
    """The same by way of a pgbouncer in transaction mode."""
    with pgbouncer(postgres_url, tmp_path) as url:
        yield url


@pytest.fixture(params=DATABASES)
def database_url(request, tmp_path) -> str:
    """A database for an installation; in `make torture` once of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'site.sqlite3'}"
    return request.getfixturevalue("postgres_url")
