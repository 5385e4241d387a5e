"""What the programs beside it check with."""


def expect(condition, what):
    if not condition:
        raise SystemExit("pylxd: " + what)


def refused(error, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except error:
        return
    raise SystemExit("pylxd: not refused: " + repr(call))
