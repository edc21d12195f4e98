"""Journeys of people through the pages, in a real browser, against the demo's gateway and departments."""
