"""Filters of the console's lists that somebody has given a name; they are his alone."""
