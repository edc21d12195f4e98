from hypothesis import settings

# Random tests are seeded: the same examples on every machine, and a failing one is printed.
settings.register_profile("seeded", derandomize=True, deadline=None, print_blob=True)
settings.load_profile("seeded")

pytest_plugins = ["tests.fixtures.databases", "tests.fixtures.gateway"]
