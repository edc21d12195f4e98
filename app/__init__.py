"""The gateway itself, by rooms in a fixed downhill order (docs/adr/0001).

supervision > inspections > profile > registry > agreements > catalogue > tasks > businesses >
delivery > organisations > audit > core. A room may call rooms below it, through their `service` and
value types. `main.create_app` is the only composition root.
"""
