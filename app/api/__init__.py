"""The API as a whole: which rooms have doors (`table`), and what is published of them (`document`).

The document is FastAPI's, with the contract's own components: canonical sections with labels,
problems, lines of streams, response headers, refusals by operation. `make openapi` writes it.
"""
