from hypothesis import settings

# Random tests are seeded: the same examples on every machine, and a failing one is printed.
settings.register_profile("seeded", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("seeded")

pytest_plugins = ["tests.fixtures.databases", "tests.fixtures.gateway"]


def pytest_collection_modifyitems(items):
    """What takes longest begins first: a suite on several processes ends with its last long test."""
    items.sort(key=lambda item: "journeys" not in item.path.parts)
