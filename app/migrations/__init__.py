"""Numbered migrations, one purpose each, reversible, run on SQLite and PostgreSQL in the tests."""
