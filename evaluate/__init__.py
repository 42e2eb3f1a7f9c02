"""What a leaf is worth: compiling, data, training, and the worker processes that do it."""
