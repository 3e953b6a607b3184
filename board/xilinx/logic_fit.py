"""What benchmarks/resource_fit.py found; written by it and not by hand."""

LUTS = {
    "design": 1744,
    "blocks": 696.8,
    "forward": 2.461,
    "update": 2.686,
    "random": 19.03,
    "window": 1.704,
    "answers": 1.472,
    "readout": 7.263,
    "rows": 0.3049,
}
ERROR = 0.105
DESIGNS = 10
