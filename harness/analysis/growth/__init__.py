"""Does memory grow: from the samples of one process to a verdict.

In: the readings of resident memory of one process, oldest first, at a time or at a count of polls each; and
``Thresholds`` (``thresholds``), which the plan fixes before the run. Out: a ``Trend``, with a verdict, the slope and
its interval, and the explanation; ``samples`` turns it into the ``Growth`` or ``Compressed`` of a report. The method,
with its reasons and its weaknesses, is in docs/method.md; how often it errs, in tests/calibration.

One series passes these steps:

1. ``verdict.judge`` refuses malformed input, and too few readings: ``inconclusive``.
2. ``batches.batched`` reduces the readings to 30 medians; all later steps see these alone.
3. ``warm_up.warm_up`` discards at most half of the batches, or finds ``no_steady_state``.
4. ``slope.slope`` fits the Theil-Sen slope, and an interval for noise of unknown persistence.
5. The whole interval below delta is ``flat``.
6. A slope above delta whose interval is above 0 is ``growing`` if four more tests pass: it climbs without its largest
   jump (``jumps.remove_jump``), in its later half, from each fifth to the next (``steadiness.keeps_climbing``), and
   more steadily than a random walk (``steadiness.drift_t_cdf``).
7. The rest is ``inconclusive``, with how much longer would probably decide.
8. A clear jump (``jumps.largest_jump``) is then considered: ``flat`` stands only if memory was still for long enough
   since, and an undecided series is judged again without the jump, which may make it ``growing``, or ``flat`` after a
   rest of five times the time before the jump.

Around it:

* ``samples`` chooses what x is (hours, or polls in compressed time), makes a verdict on less than ten minutes at the
  real pace ``inconclusive``, takes several trials together, and judges the difference of two subjects.
* ``schedule`` says when a run that is still going on is looked at, and ``interim`` judges such a look more strictly.
  The sampler imports ``schedule`` alone, which loads no statistics.

Invariants:

* Pure: no file, no clock, no random number. The same readings and thresholds give the same verdict.
* No threshold is taken from the run that is judged: each is a constant of the code, or stands in the plan.
* ``growing`` and ``flat`` are shown; the absence of evidence is neither.
* ``flat`` bounds growth from above only: memory that falls is flat.
* Shifting all readings by a constant changes no verdict. Multiplying all readings and delta by the same factor changes
  none either, nor does multiplying all x by a factor and dividing delta by it.
* A look at a running trial changes nothing in it: the report judges all samples again, by the plan's thresholds.
* Only ``verdict`` compares with delta: what finds batches, warm-up, jumps, steadiness and slope knows no threshold of
  memory.
"""
