"""What a log holds, as values: logs, runs, trials and comparisons."""
