"""Long work: one leased table, progress, cancel, taken over from dead processes.

Start reading at `service`: `request` adds work in a transaction, a `Runner` carries out the kinds
it was given. Whoever holds work renews its lease; what a dead process held is free when it ends.
"""
