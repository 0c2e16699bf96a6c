"""A line plot as SVG text: logarithmic y, linear or logarithmic x. No dependencies."""
import html
import math

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 680, 360, 64, 178, 40, 50
COLOURS = ("#0b6e99", "#d9730d", "#4d6461", "#ad1a72", "#6940a5")


def _number(value):
    return f"{value:g}" if value < 10000 else f"{value / 1000:g}k"


def _ticks(low, high):
    """1, 2, 5 steps that lie within; at least the ends' neighbours."""
    steps = [m * 10.0**e for e in range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
             for m in (1, 2, 5)]
    inside = [s for s in steps if low <= s <= high]
    return inside if len(inside) < 10 else [s for s in inside if f"{s:e}".startswith("1")]


def draw(title, x_label, y_label, lines, log_x):
    xs = sorted({x for points in lines.values() for x, _ in points})
    ys = [y for points in lines.values() for _, y in points]
    low, high = min(ys) * 0.8, max(ys) * 1.25

    def place_x(x):
        a, b = (math.log(xs[0]), math.log(xs[-1])) if log_x else (xs[0], xs[-1])
        value = math.log(x) if log_x else x
        return LEFT + (value - a) / ((b - a) or 1) * (WIDTH - LEFT - RIGHT)

    def place_y(y):
        share = (math.log(y) - math.log(low)) / (math.log(high) - math.log(low))
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
           'font-family="sans-serif" font-size="12">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
           f'<text x="{LEFT}" y="22" font-size="15">{html.escape(title)}</text>']
    for y in _ticks(low, high):
        at = place_y(y)
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}" stroke="#ddd"/>'
                   f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{_number(y)}</text>')
    for x in xs:
        at = place_x(x)
        out.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}" stroke="#eee"/>'
                   f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 17}" text-anchor="middle">{_number(x)}</text>')
    middle = (LEFT + WIDTH - RIGHT) / 2
    out.append(f'<text x="{middle}" y="{HEIGHT - 12}" text-anchor="middle">{html.escape(x_label)}</text>')
    out.append(f'<text transform="translate(16 {HEIGHT / 2}) rotate(-90)" text-anchor="middle">'
               f'{html.escape(y_label)}</text>')
    # Names stand at the ends of their lines, pushed apart.
    at_end, taken = sorted((place_y(points[-1][1]), name) for name, points in lines.items()), -99.0
    label_y = {}
    for y, name in at_end:
        taken = max(y, taken + 15)
        label_y[name] = taken
    for (name, points), colour in zip(sorted(lines.items()), COLOURS * 2):
        path = " ".join(f"{place_x(x):.1f},{place_y(y):.1f}" for x, y in points)
        out.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{place_x(x):.1f}" cy="{place_y(y):.1f}" r="3" fill="{colour}"/>'
                for x, y in points]
        out.append(f'<text x="{WIDTH - RIGHT + 10}" y="{label_y[name] + 4:.1f}" fill="{colour}">'
                   f'{html.escape(name)}</text>')
    return "\n".join(out) + "\n</svg>\n"
