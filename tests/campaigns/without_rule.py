"""A plugin of pytest that switches the guard of one rule off, for the campaign of rules."""

import pytest

from app.core.rules import GUARDS, OFF


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--without-rule", default="", help="whose guard says nothing")


def pytest_configure(config: pytest.Config) -> None:
    name = config.getoption("--without-rule")
    if name:
        import app.lifespan  # noqa: F401 - every room declares its guards

        assert name in GUARDS, name
        OFF.add(name)
