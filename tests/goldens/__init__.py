"""Files of earlier releases, and what they hold: today's code must still read them so."""
