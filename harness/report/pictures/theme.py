"""Every colour of a picture. They keep the hues of Okabe and Ito's, which the colour-blind tell apart.

They are a little darker, so that a name in its line's colour can be read on white. Style sheets have their own.
"""

COLOURS = {"before": "#b94e00", "after": "#0067a3", "control": "#6b7480"}
ALTERNATIVES = ("#00765a", "#a8437f", "#8a6100", "#5546b0", "#5f6b00")
INK, FAINT, EDGE, GRID, PAPER = "#1f2430", "#5b6472", "#c9ced6", "#e2e6ec", "#ffffff"
PARTS = ("#0067a3", "#b94e00", "#00765a", "#a8437f")  # of the layers of a stack, in the order of their first panel
