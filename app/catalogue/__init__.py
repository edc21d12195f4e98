"""What there is to know: data elements, the class of every field, which department is authoritative
for what.

Classes and elements are dated data (`data/*.csv`), never constants: 1 analysis only, 2 shared, 3
public with permission and masked, 4 open; 1 is the strictest. A field that is not listed has no
class and is never released. What does not live here: who may see what (`agreements`), which
adapters exist (`registry`).
"""
