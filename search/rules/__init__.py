"""The built-in rules that stop hopeless trials early, which are pure."""
