"""The figures as SVG, without scripts, in the reader's light or dark."""

import math
import statistics
from html import escape

from report import interval

WIDTH, LABEL, ROW, TOP = 900, 330, 22, 48
STYLE = """
text { font: 12px system-ui, sans-serif; fill: #1f2328 }
.grid { stroke: #d0d7de } .one { stroke: #656d76 } .goal { stroke: #cf222e; stroke-width: 3 }
.a { fill: #0969da; stroke: #0969da } .b { fill: #9a6700; stroke: #9a6700 }
.c { fill: #1a7f37; stroke: #1a7f37 } .theirs { fill: #8c959f; stroke: #8c959f }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .grid { stroke: #30363d } .one { stroke: #8b949e }
  .goal { stroke: #ff7b72 }
  .a { fill: #58a6ff; stroke: #58a6ff } .b { fill: #d29922; stroke: #d29922 }
  .c { fill: #3fb950; stroke: #3fb950 } .theirs { fill: #6e7681; stroke: #6e7681 }
}
"""


class Plot:
    """Rows with a label, over a horizontal axis."""

    def __init__(self, title, low, high, ticks, is_log):
        self.title, self.low, self.high, self.ticks, self.is_log = title, low, high, ticks, is_log
        self.rows = 0
        self.parts = []

    def x(self, value):
        value = min(max(value, self.low), self.high)
        ends = (value, self.low, self.high)
        value, low, high = map(math.log, ends) if self.is_log else ends
        return LABEL + (value - low) / (high - low) * (WIDTH - LABEL - 30)

    def text(self, x, y, words, anchor="start"):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">'
                          f"{escape(words)}</text>")

    def line(self, kind, x1, y1, x2, y2):
        self.parts.append(f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" '
                          f'y2="{y2:.1f}"/>')

    def row(self, label):
        """Where the next row is: the height of its middle."""
        y = TOP + 20 + ROW * self.rows
        self.rows += 1
        self.text(LABEL - 8, y + 4, label, "end")
        return y

    def dot(self, y, low, median, high, goal, is_goal):
        self.line("a", self.x(low), y, self.x(high), y)
        self.parts.append(f'<circle class="a" cx="{self.x(median):.1f}" cy="{y}" r="4"/>')
        if is_goal:
            self.line("goal", self.x(goal), y - 7, self.x(goal), y + 7)

    def bar(self, y, kind, begin, end):
        self.parts.append(f'<rect class="{kind}" x="{self.x(begin):.1f}" y="{y - 7}" '
                          f'width="{max(0.5, self.x(end) - self.x(begin)):.1f}" height="14"/>')

    def legend(self, kinds):
        x, y = LABEL, TOP + 36 + ROW * self.rows
        for kind, words in kinds:
            self.parts.append(f'<rect class="{kind}" x="{x}" y="{y - 10}" width="12" height="12"/>')
            self.text(x + 18, y, words)
            x += 40 + 7 * len(words)

    def svg(self):
        bottom = TOP + 10 + ROW * self.rows
        behind, self.parts = self.parts, []
        self.text(8, 16, self.title)
        for tick in self.ticks:
            kind = "one" if self.is_log and tick == 1 else "grid"
            self.line(kind, self.x(tick), TOP, self.x(tick), bottom)
            self.text(self.x(tick), TOP - 5, f"{tick:g}", "middle")
        height = bottom + 40
        return ('<svg xmlns="http://www.w3.org/2000/svg" '
                f'viewBox="0 0 {WIDTH} {height}" role="img">'
                f"<title>{escape(self.title)}</title><style>{STYLE}</style>\n"
                + "\n".join(self.parts + behind) + "\n</svg>\n")


def rounded_up(value):
    step = 10 ** math.floor(math.log10(value)) / 2
    return math.ceil(value / step) * step


def ratios(sections):
    plot = Plot("ours / theirs: the median, its interval, and the goal (red)", 0.1, 8,
                (0.125, 0.25, 0.5, 1, 2, 4, 8), True)
    for section in sections:
        for one in section.figures:
            if one.theirs and one.goal and one.goal.of_ratio:
                values = one.ratios()
                low, high, _ = interval(values)
                goal = one.goal.most if one.goal.most < math.inf else one.goal.least
                name = " ".join(filter(None, (section.path, section.variant)))
                y = plot.row(f"{name}: {one.what}")
                plot.dot(y, low, statistics.median(values), high, goal, True)
    return plot


def tails(sections):
    rows = [(section, one) for section in sections if section.path == "hit"
            for one in section.figures if one.what.startswith("p")]
    most = max((max(map(statistics.median, (one.ours, one.theirs))) for _, one in rows), default=0)
    ticks = [10 ** power for power in range(1, 2 + math.ceil(math.log10(max(most, 100))))]
    plot = Plot("a hit of the local tier at half load, µs (logarithmic)", ticks[0], ticks[-1],
                ticks, True)
    for section, one in rows:
        for kind, values in (("a", one.ours), ("theirs", one.theirs)):
            label = f"{section.variant} {one.what.removesuffix(', µs')}" if kind == "a" else ""
            plot.bar(plot.row(label), kind, ticks[0], statistics.median(values))
    plot.legend((("a", "orders"), ("theirs", "nginx")))
    return plot


def writes(sections):
    found = [section for section in sections if section.path == "post"]
    bars = []
    for section in found:
        costs = [one for one in section.figures if "CPU" in one.what]
        bars.append((f"orders, clients: {section.variant}",
                     list(zip("abc", (statistics.median(one.ours) for one in costs)))))
        bars.append((section.theirs, [("theirs", statistics.median(costs[1].theirs))]))
    most = rounded_up(max((sum(part for _, part in parts) for _, parts in bars), default=1))
    plot = Plot("CPU of a POST, µs, by process", 0, most, [most * i / 5 for i in range(6)], False)
    for label, parts in bars:
        y, begin = plot.row(label), 0
        for kind, part in parts:
            plot.bar(y, kind, begin, begin + part)
            begin += part
    plot.legend((("a", "orders"), ("b", "PostgreSQL"), ("c", "Valkey"),
                 ("theirs", "PostgreSQL, asked by pgbench")))
    return plot


def write(sections, folder):
    """Into FOLDER; the files' names with what they show, for those that have anything to show."""
    written = []
    for name, make in (("ratios.svg", ratios), ("tails.svg", tails), ("writes.svg", writes)):
        plot = make(sections)
        if plot.rows:
            (folder / name).write_text(plot.svg(), encoding="utf-8")
            written.append((name, plot.title))
    return written
