"""Calibration: a trained network is made ready to go on learning on chip, so that it helps on any data.

First readouts are centred (:mod:`.centre`), which changes no answer. Then the shifts by which updates are divided are
chosen: by scale (:mod:`.scale`), and by a bounded search (:mod:`.search`) on samples that were not learned from.
"""
