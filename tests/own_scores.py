"""Functions of a person's own that say which metric is their score, as they write them."""

OWN = """
import functools
import archwright
import archwright as aw
from archwright.search.running.loop import NoSuchMetric
from archwright import score as counts

@aw.score("f1")
def train(architecture, seed, report):
    f1 = (seed % 97) / 97
    report(1, f1=f1 / 2)
    return {"f1": f1, "loss": 1 - f1, "accuracy": 0.5}

@counts("loss", minimize=True)
def bare(architecture, budget):
    return 3

@archwright.score("loss", minimize=not 0)
def computed(architecture, budget): return 1

@functools.cache
@aw.score("f1")
def cached(architecture, budget): return 1

@aw.score("last")
@aw.score("first")
def twice(architecture, budget): return 1

def silent(architecture, budget): return 1

@aw.score("test_f1")
def peeks(architecture, budget): return 1

another = cached
print("noise on stdout")
"""
