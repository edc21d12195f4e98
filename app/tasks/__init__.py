"""Why an officer is there: a task names business, site, assignees, purpose and region, and is open
until it is closed or ends.

Class-2 data needs an open task (I-06: an inspection is approved beforehand). What does not live
here: the visit (`inspections`).
"""
