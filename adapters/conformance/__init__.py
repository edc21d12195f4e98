"""The exam an adapter passes against its live endpoint before it may be published.

`suite.run` takes any `DepartmentAdapter`; `report` holds what it found: each failure says the
field, what came, what was wanted and how to mend it, in Chinese and English. What does not live
here: storing reports, deciding about publication (`app.registry`).
"""
