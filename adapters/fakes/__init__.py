"""Mock departments for demo and tests: real HTTP servers over generated businesses; protected from
production imports.

`world` generates businesses and knows the truth about them, `dialects` says it in each department's
own words, `departments` assembles thirteen of them with their manifests, `server` serves them and
misbehaves on request. No real person's data: names, numbers and addresses are generated, identity
numbers have impossible birth years.
"""
