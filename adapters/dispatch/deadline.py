"""The departments' half of a deadline, in seconds: what an attempt needs, and how long a late
answer is waited for. Pure.
"""

LEAST_ATTEMPT_SECONDS = 0.1
"""No second attempt is begun with less time left than this."""
UNHURRIED_SECONDS = 1.4
"""What an attempt of a caller in no hurry has, where the deployment does not say: 70 % of 2 s."""
UNHURRIED_SHARE = 0.7
"""Of the deployment's deadline: what is left to an attempt of a caller in no hurry, even after it
waited for a place.
"""
LATE_SECONDS = 3.0
"""How long after the deadline a late answer may still refill the cache."""
