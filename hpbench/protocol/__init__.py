"""The seven-step protocol for tuning a model of one's own: it trains (Keras) and tells.

``tune`` runs all steps, ``find_rate`` the third alone; ``hpbench tune`` and ``hpbench lr-find`` call them.
"""

from hpbench.protocol.outcome import Outcome
from hpbench.protocol.points import Point, Trial
from hpbench.protocol.step import Cause, ProtocolError, Step
from hpbench.protocol.tuning import find_rate, tune

__all__ = ["Cause", "Outcome", "Point", "ProtocolError", "Step", "Trial", "find_rate", "tune"]
