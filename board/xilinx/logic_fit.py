"""What benchmarks/resource_fit.py found; written by it and not by hand."""

LUTS = {
    "board": 320.2,
    "design": 871.9,
    "blocks": 472.5,
    "lanes": 20.28,
    "sums": 1.385,
    "membranes": 1.393,
    "learning": 830.4,
    "positions": 14.18,
    "update": 2.461,
    "random": 27.56,
    "gates": 1.011,
    "window": 1.59,
    "answers": 2.95,
    "readout": 5.766,
    "rows": 0.2818,
    "folded": 362.8,
    "layers": 57.69,
    "convolutions": 102.6,
    "pools": 103,
    "walks": 192.7,
    "fields": 289.1,
    "folded update": 2.09,
    "gathered": 5.105,
    "reverse": 490.3,
    "reached": 29.74,
    "products": 1.139,
}
ERROR = 0.070
DESIGNS = 32
