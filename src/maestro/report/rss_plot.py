"""The shares of a simulation as a picture: SVG drawn here, PNG by matplotlib where it is installed."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from maestro.diagnostics import UserError
from maestro.rss.simulate import Share, Simulation

_COLOURS = {"before": "#9aa5b1", "few moves": "#2a78d6", "afresh": "#1baf7a"}
_WIDTH, _HEIGHT, _MARGIN = 720, 300, 48


def write(found: Simulation, path: Path) -> None:
    """Raises UserError (``rss-plot``) for a kind of file that cannot be made, or a place that cannot be written."""
    try:
        match path.suffix:
            case ".svg":
                path.write_text(svg(found), encoding="utf-8")
            case ".png":
                _png(found, path)
            case _:
                raise _error(f"{path}: a plot is .svg or .png")
    except OSError as error:
        raise _error(f"{path}: {error.strerror}") from error


def _error(message: str, hint: str = "--out plot.svg") -> UserError:
    return UserError(message, hint=hint, code="rss-plot")


def svg(found: Simulation) -> str:
    """Three bars a core: packets before, with few entries moved, balanced afresh; a line at the even share."""
    most = max(1, *(n for share in found.shares for n in share.packets))
    room, tall = _WIDTH - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="{_MARGIN}" y="20" font-size="13">Packets per core of {sum(found.packets)}</text>',
    ]
    step = room / len(found.weights)
    for n, share in enumerate(found.shares):
        lines += _legend(n, share)
        for core, packets in enumerate(share.packets):
            height = tall * packets / most
            x = _MARGIN + step * (core + 0.1 + 0.8 * n / len(found.shares))
            lines.append(
                f'<rect x="{x:.1f}" y="{_HEIGHT - _MARGIN - height:.1f}" width="{0.8 * step / len(found.shares):.1f}" '
                f'height="{height:.1f}" fill="{_COLOURS[share.name]}"><title>core {core}: {packets}</title></rect>'
            )
    every = max(1, len(found.weights) // 16)
    for core in range(0, len(found.weights), every):
        x = _MARGIN + step * (core + 0.5)
        lines.append(f'<text x="{x:.1f}" y="{_HEIGHT - 30}" font-size="11" text-anchor="middle">{core}</text>')
    base = _HEIGHT - _MARGIN
    lines.append(f'<line x1="{_MARGIN}" y1="{base}" x2="{_WIDTH - _MARGIN}" y2="{base}" stroke="black"/>')
    return "\n".join([*lines, "</svg>", ""])


def _legend(n: int, share: Share) -> list[str]:
    x = _MARGIN + 160 * n
    text = share.name if share.name == "before" else f"{share.name} ({share.moved} moved)"
    return [
        f'<rect x="{x}" y="28" width="10" height="10" fill="{_COLOURS[share.name]}"/>',
        f'<text x="{x + 14}" y="37" font-size="11">{text}</text>',
    ]


def _png(found: Simulation, path: Path) -> None:
    try:
        pyplot: Any = import_module("matplotlib.pyplot")
    except ImportError:
        hint = "pip install 'maestro-nf[plot]', or --out plot.svg"
        raise _error(f"{path}: PNG needs matplotlib, which is not installed", hint) from None
    pyplot.switch_backend("agg")
    figure, axes = pyplot.subplots(figsize=(7.2, 3))
    for n, share in enumerate(found.shares):
        places = [core + 0.27 * (n - 1) for core in range(len(share.packets))]
        axes.bar(places, share.packets, width=0.25, color=_COLOURS[share.name], label=share.name)
    axes.set_xlabel("core")
    axes.set_ylabel("packets")
    axes.legend()
    figure.savefig(path)
    pyplot.close(figure)
