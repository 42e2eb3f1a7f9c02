"""A model to take home: its weights, readable PyTorch that runs alone, ONNX, and a card."""
