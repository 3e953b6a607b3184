"""What benchmarks/resource_fit.py found; written by it and not by hand."""

LUTS = {
    "design": 1715,
    "blocks": 463.6,
    "forward": 2.541,
    "update": 2.077,
    "random": 17.38,
    "window": 1.671,
    "answers": 2.792,
    "readout": 7.869,
    "rows": 0.2914,
}
ERROR = 0.217
DESIGNS = 7
