"""What any backend must keep, to be subclassed with a fixture that provides one."""
