"""The pure heart: terms, domains, nodes, counting, JSON. No I/O, no clock, no global state."""
