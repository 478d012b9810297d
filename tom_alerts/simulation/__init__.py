"""A simulated survey, for the demo: transients, variables and asteroids as ZTF 4.02 alert packets, offline.

Pure Python and numpy, no Django. `manage.py demo` feeds the packets through the same ingest as any user's
file.
"""

from tom_alerts.simulation.survey import Classification, ObjectFacts, SimulatedSurvey, simulate_survey

__all__ = ["Classification", "ObjectFacts", "SimulatedSurvey", "simulate_survey"]
