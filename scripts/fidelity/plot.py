"""A plot of what codecs make of textures beside real data, as SVG."""
import math

import plan
from measure import K

PANEL, GAP, LEFT, TOP, HEIGHT = 330, 50, 50, 50, 220
BLOCK = 128 * K
COLOURS = {1.5: "#7a4fb5", 2: "#1b7f5c", 3: "#b5651d", 5: "#1f5fa8", 8: "#a8324a"}
LOWEST, HIGHEST = 1, 13


def y_of(ratio, top):
    share = (math.log(ratio) - math.log(LOWEST)) / (math.log(HIGHEST) - math.log(LOWEST))
    return top + HEIGHT * (1 - min(max(share, 0), 1))


def panel(texture, left, top, results, real):
    out = [f'<text x="{left}" y="{top - 10}" class="title">texture={texture}</text>']
    for ratio in (1, 1.5, 2, 3, 4, 5, 6, 8, 10):
        y = y_of(ratio, top)
        out.append(f'<line x1="{left}" y1="{y:.1f}" x2="{left + PANEL}" y2="{y:.1f}" class="grid"/>')
        out.append(f'<text x="{left - 6}" y="{y + 4:.1f}" class="end">{ratio:g}</text>')
    step = PANEL / len(plan.CODECS)
    for i, codec in enumerate(plan.CODECS):
        x = left + (i + 0.5) * step
        out.append(f'<text transform="translate({x + 4:.1f} {top + HEIGHT + 8}) rotate(-60)" class="end">{codec}</text>')
    for ratio in plan.RATIOS:
        points = []
        for job, f in results.get((texture, ratio), ()):
            if job.block != BLOCK or job.skip:
                continue
            x = left + (plan.CODECS.index(job.codec) + 0.5) * step
            values = real.get((texture, ratio, job.codec, job.block, job.skip))
            if values:
                low, high = y_of(min(values.values()), top), y_of(max(values.values()), top)
                out.append(f'<line x1="{x:.1f}" y1="{low + 3:.1f}" x2="{x:.1f}" y2="{high - 3:.1f}" class="real" stroke="{COLOURS[ratio]}"/>')
            points.append(f'<circle cx="{x:.1f}" cy="{y_of(f.ratio, top):.1f}" r="3" fill="{COLOURS[ratio]}"/>')
        out += points
    return out


def write(path, results, real):
    """Writes the plot: a panel for each texture, bars of real data, dots of textures."""
    width, height = 2 * (PANEL + LEFT) + GAP, 2 * (HEIGHT + TOP + 70) + 20
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11">',
           "<style>.grid{stroke:#ddd}.real{stroke-width:9;stroke-opacity:.35}.end{text-anchor:end}.title{font-size:14px}</style>",
           f'<rect width="{width}" height="{height}" fill="#fff"/>']
    for i, texture in enumerate(plan.TEXTURES):
        out += panel(texture, LEFT + i % 2 * (PANEL + GAP + LEFT / 2), TOP + i // 2 * (HEIGHT + TOP + 70), results, real)
    x = LEFT
    for ratio in plan.RATIOS:
        out.append(f'<circle cx="{x}" cy="{height - 14}" r="3" fill="{COLOURS[ratio]}"/>')
        out.append(f'<text x="{x + 8}" y="{height - 10}">compress={ratio:g}</text>')
        x += 95
    out.append(f'<text x="{x}" y="{height - 10}">dots: textures; bars: real data of this ratio; blocks of 128K</text>')
    out.append("</svg>")
    with open(path, "w") as f:
        f.write("\n".join(out) + "\n")
