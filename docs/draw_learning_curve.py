"""Draw docs/learning-curve.png from the table that measure_photographs.py has written.

python docs/draw_learning_curve.py photographs.csv
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from measure_photographs import COUNTS, wrong_answers
from measuring import T, read_rows

from petkeras.visualize.style import STYLE


def main():
    """Draw MODERN's errors with their intervals, and the straight line through them."""
    wrong = 100 * wrong_answers(read_rows(Path(sys.argv[1])))  # (seeds, counts)
    mean = wrong.mean(axis=0)
    half = T[len(wrong)] * wrong.std(axis=0, ddof=1) / len(wrong) ** 0.5
    slope, start = np.polyfit(np.log(COUNTS), np.log(mean), 1)
    more = np.array([*COUNTS, 680, 1360])
    plt.style.use(STYLE)
    figure, axes = plt.subplots(figsize=(8, 4))
    axes.errorbar(COUNTS, mean, half, fmt="o", capsize=3, label="measured")
    axes.plot(more, np.exp(start + slope * np.log(more)), "--", label="straight line")
    axes.set(xscale="log", yscale="log", xlabel="photographs to learn from", ylabel="% wrong")
    axes.set_xticks(more, more)
    axes.set_yticks([5, 10, 20, 40], ["5", "10", "20", "40"])
    axes.set_ylim(4, 45)
    axes.minorticks_off()
    axes.legend()
    figure.savefig(Path(__file__).with_name("learning-curve.png"))


if __name__ == "__main__":
    main()
