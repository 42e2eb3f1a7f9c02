"""Images as they were read and split at first: for runs that were begun so, which go on with what they had.

Nothing here is changed any more. What is wrong with it is why there is another reader: images get the size of the first
one, 16 bits are cut off at white, files of other suffixes and what is transparent are lost, `val/` is what is tested on
where there is no `test/`, arrays have their channels last, and splits are drawn from all images at once.
"""
