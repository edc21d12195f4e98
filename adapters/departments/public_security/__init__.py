"""公安: XML in GB18030 behind a token header; Python because its answer mixes several record kinds
in one list.
"""
