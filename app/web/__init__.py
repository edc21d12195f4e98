"""`/m`: the inspector's page, three static files without a build step, for a phone's browser.

The page is a client of the public API like any other: it holds a token for its tab only and never
gets more than the API gives. Strict content security policy: nothing but these files runs, nothing
but this gateway is asked.
"""
