
from fgresq.metrics import NoValue

KIND = "NR"
SCALE = 1


def score(image, reference=None):
    CALLS.append(image.shape)
    if image.mean() > 200:
        raise NoValue("too bright")
    if len(CALLS) == STOP:
        raise KeyboardInterrupt
    return SCALE * image.mean()


CALLS = []
STOP = 0
