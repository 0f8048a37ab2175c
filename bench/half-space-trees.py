"""Half-space trees with an object per node, as river builds them: the baseline of the training bench.

Reads float64 rows (little-endian, 11 features) from standard input in blocks of BLOCK rows, learns
each block behind a running minimum and maximum, and answers with a line: CPU seconds of the block
and, when asked with --score, the sum of the scores taken before learning.
"""

import random
import struct
import sys
import time

NAMES = [f"f{i:02d}" for i in range(11)]
TREES, HEIGHT, WINDOW, SEED = 50, 6, 250, 42


class Leaf:
    __slots__ = ("l_mass", "r_mass")

    def __init__(self):
        self.l_mass = 0
        self.r_mass = 0

    def walk(self, x):
        yield self

    def nodes(self):
        yield self


class Branch(Leaf):
    __slots__ = ("left", "right", "feature", "threshold")

    def __init__(self, left, right, feature, threshold):
        super().__init__()
        self.left, self.right, self.feature, self.threshold = left, right, feature, threshold

    def next(self, x):
        try:
            value = x[self.feature]
        except KeyError:
            return self.left if self.left.l_mass >= self.right.l_mass else self.right
        return self.left if value < self.threshold else self.right

    def walk(self, x):
        node = self
        while isinstance(node, Branch):
            yield node
            node = node.next(x)
        yield node

    def nodes(self):
        yield self
        yield from self.left.nodes()
        yield from self.right.nodes()


def grow(limits, height, rng):
    if height == 0:
        return Leaf()
    names = sorted(limits)
    name = rng.choices(names, [limits[n][1] - limits[n][0] for n in names])[0]
    low, high = limits[name]
    at = rng.uniform(low + 0.15 * (high - low), high - 0.15 * (high - low))
    left = grow({**limits, name: (low, at)}, height - 1, rng)
    right = grow({**limits, name: (at, high)}, height - 1, rng)
    return Branch(left, right, name, at)


class Forest:
    def __init__(self):
        rng = random.Random(SEED)
        limits = {name: (0, 1) for name in NAMES}
        self.trees = [grow(limits, HEIGHT, rng) for _ in range(TREES)]
        self.learnt, self.warm = 0, False
        self.low, self.high = {}, {}

    def scale(self, x):
        out = {}
        for name, value in x.items():
            width = self.high.get(name, value) - self.low.get(name, value)
            out[name] = (value - self.low.get(name, value)) / width if width else 0.0
        return out

    def score(self, x):
        if not self.warm:
            return 0.0
        x, total = self.scale(x), 0
        for tree in self.trees:
            for depth, node in enumerate(tree.walk(x)):
                total += node.r_mass * 2**depth
                if node.r_mass < 0.1 * WINDOW:
                    break
        return 1 - total / (TREES * WINDOW * (2 ** (HEIGHT + 1) - 1))

    def learn(self, x):
        for name, value in x.items():
            if value < self.low.get(name, float("inf")):
                self.low[name] = value
            if value > self.high.get(name, float("-inf")):
                self.high[name] = value
        x = self.scale(x)
        for tree in self.trees:
            for node in tree.walk(x):
                node.l_mass += 1
        self.learnt += 1
        if self.learnt == WINDOW:
            self.learnt, self.warm = 0, True
            for tree in self.trees:
                for node in tree.nodes():
                    node.r_mass, node.l_mass = node.l_mass, 0


def main():
    block = int(sys.argv[1])
    scoring = "--score" in sys.argv
    forest = Forest()
    reader = struct.Struct("<11d")
    while data := sys.stdin.buffer.read(block * reader.size):
        rows = [dict(zip(NAMES, row)) for row in reader.iter_unpack(data)]
        start, total = time.process_time(), 0.0
        for row in rows:
            if scoring:
                total += forest.score(row)
            forest.learn(row)
        print(time.process_time() - start, repr(total), flush=True)


main()
