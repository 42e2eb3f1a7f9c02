"""What scores at small budgets say of scores at larger ones: pure, from values alone."""
