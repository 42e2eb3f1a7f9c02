"""Terms as torch modules."""
