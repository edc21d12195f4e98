"""Who is calling? Imports nothing of ours, owns no table and no route.

token -> `tokens.TokenVerifier.verify` -> `VerifiedClaims` -> `Principal` -> `permissions.allows` ->
`dependencies.requires`. What does not live here: what a caller may see of a business
(`app.agreements`), people and certificates (`app.organisations`). `testing` is the local issuer for
demo and tests; import contracts keep it out of production code. ADR 0004.
"""
