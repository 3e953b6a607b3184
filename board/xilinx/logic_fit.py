"""What benchmarks/resource_fit.py found; written by it and not by hand."""

LUTS = {
    "board": 245.6,
    "design": 999.5,
    "blocks": 475.5,
    "lanes": 21.66,
    "sums": 1.27,
    "membranes": 1.388,
    "learning": 730.3,
    "positions": 15.98,
    "update": 2.926,
    "random": 28.31,
    "gates": 1.025,
    "window": 1.54,
    "answers": 2.669,
    "readout": 6.772,
    "rows": 0.2747,
    "folded": 431.9,
    "layers": 61.17,
    "convolutions": 104.1,
    "pools": 103,
    "walks": 197.1,
    "fields": 288.1,
    "folded update": 2.275,
    "gathered": 5.072,
    "reverse": 524.2,
    "reached": 30.46,
    "products": 1.173,
}
ERROR = 0.098
DESIGNS = 30
