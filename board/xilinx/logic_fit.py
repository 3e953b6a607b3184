"""What benchmarks/resource_fit.py found; written by it and not by hand."""

LUTS = {
    "design": 1341,
    "blocks": 633.3,
    "lanes": 26.19,
    "sums": 1.147,
    "membranes": 0.4608,
    "learning": 592.7,
    "positions": 18.91,
    "update": 2.663,
    "random": 22.81,
    "gates": 1.048,
    "window": 1.604,
    "answers": 2.466,
    "readout": 8.22,
    "rows": 0.307,
    "folded": 654.2,
    "layers": 62.47,
    "convolutions": 104.2,
    "pools": 102.7,
    "walks": 206,
    "fields": 216.8,
    "folded update": 2.784,
    "gathered": 3.301,
    "reverse": 696.6,
    "reached": 30.72,
    "products": 1.283,
}
ERROR = 0.103
DESIGNS = 20
