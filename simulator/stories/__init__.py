"""Stories of the demo. Each reads like the call it tells, and returns what is to be checked."""

from simulator.stories.petition import petition
from simulator.stories.plain import plain_call
from simulator.stories.three_way import three_way

STORIES = (plain_call, three_way, petition)
