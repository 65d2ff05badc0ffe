"""What the scripts that measure a chapter over several seeds share: a table of runs, and intervals.

A script can be stopped and started again: it measures the runs that are not in its table yet.
"""

import csv

import numpy as np

# By the number of seeds: 95% of Student's t distribution, with one degree of freedom less, lies
# within this many standard errors.
T = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}


def read_rows(file):
    """Return the rows of a table as dicts of text, none if there is no such file."""
    if not file.exists():
        return []
    with file.open(newline="") as table:
        return list(csv.DictReader(table))


def write_rows(file, rows):
    """Write dicts with the same keys as a table."""
    with file.open("w", newline="") as table:
        writer = csv.DictWriter(table, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def column(rows, name):
    """Return a column of numbers."""
    return np.array([float(row[name]) for row in rows])


def show(title, values):
    """Print the mean of two to ten numbers with its 95% interval, and the numbers."""
    half = T[len(values)] * values.std(ddof=1) / len(values) ** 0.5
    print(f"{title}: mean {values.mean():.1%} +- {half:.1%}", values.round(3))
