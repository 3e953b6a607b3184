"""What benchmarks/resource_fit.py found; written by it and not by hand."""

LUTS = {
    "design": 1136,
    "blocks": 1203,
    "lanes": 56.39,
    "forward": 1.09,
    "update": 0.9939,
    "random": 26.03,
    "gates": 2.485,
    "window": 1.765,
    "answers": 1.952,
    "readout": 6.077,
    "rows": 0.2082,
}
ERROR = 0.221
DESIGNS = 23
