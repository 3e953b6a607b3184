"""What benchmarks/resource_fit.py found; written by it and not by hand."""

LUTS = {
    "design": 1089,
    "blocks": 1193,
    "forward": 3.941,
    "update": 1.43,
    "random": 30.25,
    "window": 1.753,
    "answers": 0,
    "readout": 8.814,
    "rows": 0.1799,
}
ERROR = 0.286
DESIGNS = 23
