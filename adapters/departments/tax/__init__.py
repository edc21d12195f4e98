"""税务: a system with a session token of its own and pinyin field names; Python because it must log
in first.
"""
