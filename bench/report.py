"""From figures to tables: the median of each, the ratio of neighbours in time, and its interval."""

import dataclasses
import math
import statistics

COVERAGE = 0.95  # at least, of an interval


@dataclasses.dataclass(frozen=True)
class Goal:
    """What a figure is to be: of the ratio to the peer, or of our own where that says so."""
    most: float = math.inf
    least: float = -math.inf
    of_ratio: bool = True
    text: str = ""  # instead of the numbers

    def said(self):
        unit = "×" if self.of_ratio else ""
        number = f"≤ {self.most:g}" if self.most < math.inf else f"≥ {self.least:g}"
        return self.text or number + unit


@dataclasses.dataclass
class Figure:
    """One row: what was measured in each round, of ours and perhaps of a peer."""
    what: str  # with its unit
    ours: list
    theirs: list = None
    goal: Goal = None

    def ratios(self):
        return [a / b if b else math.inf for a, b in zip(self.ours, self.theirs or [])]

    def judged(self):
        """The values that the goal is of."""
        return self.ratios() if self.goal.of_ratio else self.ours

    def verdict(self):
        if not self.goal:
            return ""
        median = statistics.median(self.judged())
        met = self.goal.least <= median <= self.goal.most
        return f"{self.goal.said()}: {'met' if met else 'missed'}"


@dataclasses.dataclass
class Section:
    """What one path gave, in one variant."""
    path: str
    variant: str  # its name on the command line; empty: the path has one
    title: str
    ours: str  # what the columns are called
    theirs: str
    figures: list


def interval(values):
    """The median's confidence interval from order statistics, which supposes nothing of how the
    values are distributed: the narrowest one that covers it with at least COVERAGE, else from the
    least to the most; and what it covers it with."""
    ordered, n = sorted(values), len(values)

    def covered(k):  # by the kth from below to the kth from above
        return 1 - 2 * sum(math.comb(n, i) for i in range(k)) / 2 ** n

    k = max([one for one in range(1, (n + 1) // 2 + 1) if covered(one) >= COVERAGE], default=1)
    return ordered[k - 1], ordered[n - k], max(0.0, covered(k))


def number(value):
    """With three digits that count, but never fewer than all before the point."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(digits, 3)}f}"


def ratio(value):
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"


def spread(values, form=number):
    if len(values) == 1:
        return form(values[0])
    low, high, _ = interval(values)
    return f"{form(statistics.median(values))} ({form(low)}–{form(high)})"


def row(cells):
    return "| " + " | ".join(cells) + " |"


def table(section):
    """In Markdown."""
    has_peer = any(one.theirs for one in section.figures)
    has_goal = any(one.goal for one in section.figures)
    head = ["", section.ours] + ([section.theirs, "ours / theirs"] if has_peer else [])
    lines = [row(head + (["goal"] if has_goal else [])), row(["---"] * (len(head) + has_goal))]
    for one in section.figures:
        if one.theirs:
            middle = [number(statistics.median(one.ours)), number(statistics.median(one.theirs)),
                      spread(one.ratios(), ratio) if all(one.ours) and all(one.theirs) else "–"]
        else:
            middle = [spread(one.ours)] + (["–", "–"] if has_peer else [])
        lines.append(row([one.what, *middle] + ([one.verdict()] if has_goal else [])))
    return "\n".join(lines)


def how(rounds):
    """What the tables' numbers are."""
    covered = interval(range(rounds))[2]
    if rounds == 1:
        return "One round, so there is no interval"
    return (f"{rounds} rounds, ours and theirs in turn; medians, and of the per-round ratios the "
            f"median with an interval that covers it with {covered:.1%}, from the order of the "
            "values alone")


def results(sections, machine, rounds, seconds, plots):
    """What is written into README.md."""
    lines = [machine, "", f"Turns of {seconds:g} s; {how(rounds)}.", ""]
    for name, text in plots:
        lines += [f"![{text}]({name})", ""]
    path = None
    for section in sections:
        if section.path != path:
            path = section.path
            lines += [f"### `{path}`", ""]
        lines += [section.title + ":", "", table(section), ""]
    return "\n".join(lines).strip()


def replace_between(text, begin, end, new):
    """TEXT with NEW between the lines BEGIN and END."""
    before, found, rest = text.partition(begin + "\n")
    _, found_end, after = rest.partition(end)
    if not (found and found_end):
        raise ValueError(f"the marker {begin if not found else end} is missing")
    return f"{before}{begin}\n\n{new}\n\n{end}{after}"
