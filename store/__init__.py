"""The log: events, the DuckDB file, the fold, the views."""
