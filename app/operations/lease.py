"""How long work is held. Pure.

Long work and deliveries are held in the same way: whoever takes something holds it until the lease
ends, renews it while at work, and is out of it when somebody else took it since.
"""

from datetime import timedelta

LEASE = timedelta(seconds=8)
"""Short enough that what a dead process held is taken over within ten seconds: the background looks
once a second. Longer than any single question to a department.
"""
RENEW_SECONDS = 2.0
MOST_ATTEMPTS = 3
"""Work during which so many processes died is not tried again."""
