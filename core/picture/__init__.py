"""Architectures and spaces as pictures: a layout by recursion over the term, and SVG."""
