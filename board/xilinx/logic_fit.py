"""What benchmarks/resource_fit.py found; written by it and not by hand."""

LUTS = {
    "design": 1605,
    "blocks": 747.2,
    "lanes": 37.75,
    "forward": 0,
    "update": 4.347,
    "random": 30.05,
    "gates": 1.181,
    "window": 0.7518,
    "answers": 2.466,
    "readout": 6.389,
    "rows": 0.2479,
}
ERROR = 0.268
DESIGNS = 18
