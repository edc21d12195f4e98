"""Any department that data can describe: `department-adapter.v1.yaml`, or its own dialect through a
declarative mapping.
"""
