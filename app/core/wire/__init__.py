"""Below ASGI: what a connection may do before and around a request, whoever opened it.

The server's parser bounds neither head, trailers nor time, and whatever begins at ASGI comes too
late for them. `head` says what is wrong with a head (pure), `port` knows every open connection and
who is behind it, `protocol` is uvicorn's protocol class under these bounds, `proxies` finds the
client behind a proxy that is trusted.
"""
