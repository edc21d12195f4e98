"""Identifiers, aliases and search: from typed text or a scanned code to one business, several
candidates, or a next step.

A scanned URL is never fetched: codes of known hosts go to the registration adapter's `resolve_qr`,
names and addresses to its `search`, both through a protocol that the registry fills. The
identifiers themselves are values of `adapters.contract`. `whereabouts` keeps where a business is.
"""
