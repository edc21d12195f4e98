"""Whichever process is asked tells what all of them count."""

import os

from app.core import siblings
from app.core.siblings import Siblings

ONE = b'# HELP a_total A\n# TYPE a_total counter\na_total{route="/x"} 3.0\na_total 1.0\n'
OTHER = b'# HELP a_total A\n# TYPE a_total counter\na_total{route="/x"} 4.0\n'


async def test_alone_it_tells_its_own():
    assert await Siblings("", lambda: ONE).everything() == ONE


async def test_several_are_told_each_with_its_name(tmp_path, monkeypatch):
    first = Siblings(str(tmp_path), lambda: ONE)
    async with first.reachable():
        monkeypatch.setattr(siblings.os, "getpid", lambda: 42)
        second = Siblings(str(tmp_path), lambda: OTHER)
        async with second.reachable():
            told = (await second.everything()).decode()
            assert oct((tmp_path / "42.sock").stat().st_mode & 0o777) == "0o600"
    assert told.count("# TYPE a_total counter") == 1
    assert 'a_total{worker="42",route="/x"} 4.0' in told
    assert sum(float(line.split()[-1]) for line in told.splitlines() if line[0] == "a") == 8.0
    assert list(tmp_path.iterdir()) == []


async def test_one_that_is_dead_is_left_out(tmp_path):
    (tmp_path / "7.sock").touch()
    found = Siblings(str(tmp_path), lambda: ONE)
    async with found.reachable():
        told = (await found.everything()).decode()
    assert f'worker="{os.getpid()}"' in told
    assert 'worker="7"' not in told
