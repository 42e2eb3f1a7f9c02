"""What a search, a comparison or a final training has where a person does not say it otherwise."""

DEFAULT_TRIALS = 64  # of a run for which no end is given, and of each search of a comparison
DEFAULT_SEARCHER = "random"  # by name
DEFAULT_SEEDS = 5  # how often is repeated what chance decides: searches of each searcher, final trainings of a trial
DEFAULT_WORKERS = 1  # processes that evaluate trials
DEFAULT_RETRIES = 1  # further attempts at a trial that failed for a transient reason
DEFAULT_GRACE = "10s"  # that running trials have to end where the system ends their search
DEFAULT_CLASSES = 10  # that a space is built for, where nothing says how many there are
DEFAULT_PROMOTED = (1, 3, 10)  # numbers of configurations of which a correlation between budgets says what it loses
DEFAULT_RESAMPLES = 2_000  # for each interval of such a correlation
