"""Text for people: numbers and times in words, tables, and the console that they are printed on."""
