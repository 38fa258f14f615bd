"""HTTP API, live stream, sign-in, metrics, and the console's built files. Reads; never writes.

Place in the flow: *view → console, API, live stream*. A process of its own: it reads the store
(``Reader``) and hands every change to the engine over the Bus; while the engine is away, reads go
on. Only a ``View`` leaves, made for the audience the signed-in viewer is (``sight``).

``application``  puts the FastAPI application together; ``serving`` runs it
``guard``        what every request passes: Host, Origin, sizes, headers, the access log
``identity``     who asks: bearer token or session → ``Viewer``
``tenants``      an organization's settings, compiled, remembered until they change
``hub``          one live stream per organization, each frame made once per class of viewers
``routes``       the paths under ``/api/v1``, one module per subject
"""
