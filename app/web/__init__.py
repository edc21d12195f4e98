"""The pages: `/m/`, the officer's phone. Built files are served with the policies under which they
may run.

The pages are clients of the public API like any other and never get more than the API gives; their
sources and how they are built: `ui/`, `onevisit web build`.
"""
