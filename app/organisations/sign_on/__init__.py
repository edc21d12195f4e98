"""Signing on here: the gateway's own keys and tokens, one-time codes, machine clients, pages, and
how a sign-on ends.
"""
