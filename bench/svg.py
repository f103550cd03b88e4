"""Line charts as SVG, of a few series over one axis. Used by the benches that draw."""

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 360, 64, 190, 36, 44
COLOURS = ("#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad", "#d68910", "#555555")


def nice_step(top):
    """A step of 1, 2 or 5 times a power of ten that makes at most six marks."""
    step = 10.0 ** -6
    while True:
        for factor in (1, 2, 5):
            if top / (step * factor) <= 6:
                return step * factor
        step *= 10


def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def marks(top):
    step = nice_step(top)
    return [step * i for i in range(int(top / step + 1e-9) + 1)]


def chart(path, title, x_title, y_title, series):
    """series: name to a list of (x, y), all >= 0."""
    points = [p for line in series.values() for p in line]
    x_top, y_top = max(x for x, _ in points) or 1, max(y for _, y in points) * 1.05 or 1
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def at(x, y):
        return f"{LEFT + x / x_top * width:.1f},{TOP + height - y / y_top * height:.1f}"

    def text(x, y, words, anchor="middle", more=""):
        return f'<text x="{x}" y="{y}" text-anchor="{anchor}"{more}>{escape(words)}</text>'

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
           f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="11">',
           f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
           text(LEFT, 20, title, "start", ' font-size="13" font-weight="bold"'),
           text(LEFT + width / 2, HEIGHT - 8, x_title),
           text(16, TOP + height / 2, y_title, more=f' transform="rotate(-90 16 {TOP + height / 2})"')]
    for y in marks(y_top):
        level = TOP + height - y / y_top * height
        out.append(f'<path d="M{LEFT} {level:.1f}h{width}" stroke="#dddddd"/>')
        out.append(text(LEFT - 6, f"{level + 4:.1f}", f"{y:g}", "end"))
    for x in marks(x_top):
        out.append(text(f"{LEFT + x / x_top * width:.1f}", TOP + height + 16, f"{x:g}"))
    out.append(f'<path d="M{LEFT} {TOP}v{height}h{width}" stroke="black" fill="none"/>')
    for i, (name, line) in enumerate(series.items()):
        colour = COLOURS[i % len(COLOURS)]
        out.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.8" '
                   f'points="{" ".join(at(x, y) for x, y in line)}"/>')
        out.append(f'<path d="M{WIDTH - RIGHT + 12} {TOP + 10 + i * 18}h20" stroke="{colour}" stroke-width="2"/>')
        out.append(text(WIDTH - RIGHT + 38, TOP + 14 + i * 18, name, "start"))
    out.append("</svg>\n")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(out))
