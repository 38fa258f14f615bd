"""The only writer: sync driver, due loop, sink pumps, retention, leases, commands."""
