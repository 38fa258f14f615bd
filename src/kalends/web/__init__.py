"""HTTP API, live stream, sign-in, metrics, and the console's built files. Reads; never writes."""
