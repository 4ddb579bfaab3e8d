"""A simulation with one annotation of each kind. Cards parse it and do not run it."""
import random

from magnet import theory


@theory.tests("Means.Converge")
@theory.assumes("Means.Converge::independent", note="Mersenne Twister")
@theory.satisfies("Means.Converge::identical")
@theory.checks("Means.Converge::finite")
def mean(count):
    with theory.approximates("Means.Converge::many"):
        flips = [random.random() < 0.5 for _ in range(count)]
    return sum(flips) / count


class Simulation:
    @theory.ignores("Means.Converge::exact")
    @theory.violates("Means.Converge::seeded")
    @theory.substitutes("Means.Converge::measured")
    def run(self):
        random.seed(7)
        return mean(100)
