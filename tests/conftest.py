from pathlib import Path

from hypothesis import settings

# Random tests are seeded: the same examples on every machine, and a failing one is printed.
settings.register_profile("seeded", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("seeded")

pytest_plugins = ["tests.fixtures.databases", "tests.fixtures.gateway"]


def pytest_collection_modifyitems(items):
    """What takes longest begins first: a suite on several processes ends with its last long test."""
    items.sort(key=lambda item: "journeys" not in item.path.parts)


def pytest_addoption(parser):
    parser.addoption("--failures-to", help="a file for the names of tests that failed")


def pytest_sessionfinish(session):
    """For `tests.again`. Each process of a parallel run comes here; the one that reports knows all."""
    path, reporter = (
        session.config.getoption("failures_to"),
        session.config.pluginmanager.get_plugin("terminalreporter"),
    )
    if path and reporter and not hasattr(session.config, "workerinput"):
        told = [*reporter.stats.get("failed", ()), *reporter.stats.get("error", ())]
        Path(path).write_text("\n".join(dict.fromkeys(report.nodeid for report in told)))
