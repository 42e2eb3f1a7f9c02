"""The training of a classifier: its recipe, its epochs, what it leaves, and what is known of the model."""
