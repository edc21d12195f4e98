"""The read side: supervisors pull inspection records within the region and department their token
names.

It may read other rooms' tables (the one exception of the house plan) and writes none. Every pull is
audited before it is answered.
"""
