"""How much each hyperparameter matters: analyses of what trials came to. They know neither the log nor what runs it."""
