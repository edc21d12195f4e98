"""What is done at its time, by one process of all: reminders and tidying.

A job that was due while nobody ran is done once when somebody runs again, and is told which days it
makes up for.
"""
