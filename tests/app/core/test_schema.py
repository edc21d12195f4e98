"""Which releases work with which schema."""

import threading

import pytest
from sqlalchemy import text

from app.core.db import Database
from app.core.schema import (
    current_revision,
    expected_revision,
    is_downward,
    migrate,
    require_schema,
)
from app.core.settings import SettingsError


def at(database, revision, oldest=None):
    with database.write() as session:
        connection = session.connection()
        connection.execute(text("update alembic_version set version_num = :r"), {"r": revision})
        if oldest:
            connection.execute(
                text("insert into schema_windows (revision, oldest) values (:r, :o)"),
                {"r": revision, "o": oldest},
            )


def test_the_own_revision_is_fine(database):
    assert current_revision(database) == expected_revision()
    require_schema(database)
    at(database, "0001")
    with pytest.raises(SettingsError):
        require_schema(database)


def test_a_newer_one_that_only_adds_is_fine(database):
    at(database, "9999", oldest=expected_revision())
    require_schema(database)


@pytest.mark.parametrize("oldest", [None, "9998"])
def test_a_newer_one_that_does_not_say_so_is_refused(database, oldest):
    at(database, "9999", oldest)
    with pytest.raises(SettingsError, match="newer"):
        require_schema(database)


def test_an_older_one_is_refused_with_what_to_do(database):
    at(database, "0009")
    with pytest.raises(SettingsError, match="onevisit migrate"):
        require_schema(database)


@pytest.mark.parametrize(
    ("current", "revision", "downward"),
    [
        (None, "base", False), ("0010", "head", False), ("0010", "0009", True),
        ("0010", "base", True), ("0009", "0010", False),
    ],
)  # fmt: skip
def test_which_way_deletes(current, revision, downward):
    assert is_downward(current, revision) is downward


def test_several_at_once_one_works_and_the_others_wait(engine_name, templates):
    url = templates.copy(engine_name, "bare", lambda url: Database(url).dispose())
    failed = []

    def go():
        database = Database(url)
        try:
            migrate(database)
        except Exception as error:  # noqa: BLE001 - told by the test
            failed.append(error)
        finally:
            database.dispose()

    threads = [threading.Thread(target=go) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    database = Database(url)
    assert (failed, current_revision(database)) == ([], expected_revision())
    database.dispose()
    templates.remove(url)
