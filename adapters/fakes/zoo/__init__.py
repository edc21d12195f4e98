"""The zoo: every named way in which a department misbehaves, and the reason the gateway must give
for it.

A behaviour is a script of steps for one question: bytes to write, seconds to wait, CLOSE, RESET.
`reason` is None where the section must come out sound in spite of the behaviour. TLS faults are
listeners of their own (`adapters.fakes.tls`).
"""

from adapters.fakes.zoo import content, wire
from adapters.fakes.zoo.script import CLOSE, FOR_EVER, OTHER_BUSINESS, RESET, ZOO, Behaviour, Step

__all__ = [
    "CLOSE",
    "FOR_EVER",
    "OTHER_BUSINESS",
    "RESET",
    "ZOO",
    "Behaviour",
    "Step",
    "content",
    "wire",
]
