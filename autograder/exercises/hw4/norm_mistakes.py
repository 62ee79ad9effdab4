"""Mistakes that several norms share, each written once: the sentence that helps, and the change of code that makes it.

What differs between the norms stands in braces. Where the code differs too, the norm's own catalogue has the change.
"""

from autograder.exercise import Mistake, rewrite

ROOT = "np.sqrt(var + eps)"
MOVE_MEAN = "running_mean = momentum * running_mean + (1 - momentum) * mean"
MOVE_VAR = "running_var = momentum * running_var + (1 - momentum) * var"
BACK = "return dx, dgamma, dbeta"

FORWARD = {
    "divided by one less": (
        "Your variance divides by one less than the number of {values} (ddof=1). What normalises is the plain mean of the squares.",
        (".var(axis", ".var(ddof=1, axis"),
    ),
    "mean not subtracted": ("You do not subtract the mean.",),
    "no root": ("You divide by the variance. Divide by its root.", (ROOT, "(var + eps)")),
    "eps outside the root": (
        "Your eps is outside the root. It is added to the variance: np.sqrt(var + eps).",
        (ROOT, "(np.sqrt(var) + eps)"),
    ),
    "eps missing": (
        "Your eps is missing: np.sqrt(var + eps). Without it a {part} of equal values divides by zero.",
        (ROOT, "np.sqrt(var)"),
    ),
    "eps in training only": (
        "Your eps is missing when testing. Both modes divide by np.sqrt(var + eps).",
        (ROOT, "np.sqrt(var + (eps if mode == 'train' else 0))"),
    ),
    "eps in testing only": (
        "Your eps is missing when training. Both modes divide by np.sqrt(var + eps).",
        (ROOT, "np.sqrt(var + (eps if mode == 'test' else 0))"),
    ),
    "eps fixed": (
        "Your eps is always 1e-5. That is the default; {settings} may say otherwise.",
        ('{settings}.get("eps", 1e-5)', "1e-5"),
    ),
    "eps squared": (
        "You add the square of eps to the variance. Add eps: np.sqrt(var + eps).",
        (ROOT, "np.sqrt(var + eps**2)"),
    ),
    "testing with the batch's statistics": (
        "When testing you still use the batch's own mean and variance. Use the running ones.",
        ("mean = running_mean\n", "mean = x.mean(axis={axes})\n"),
        ("var = running_var\n", "var = x.var(axis={axes})\n"),
    ),
    "testing without normalising": (
        "When testing you do not normalise at all. Use the running mean and variance.",
        ("    out =", "    xhat = xhat if mode == 'train' else x\n    out ="),
    ),
    "momentum the other way round": (
        "Your momentum weighs the new value. Here, as in CS231n, it weighs the old one: running = momentum * running + (1 - momentum) * batch. PyTorch has it the other way round.",
        (MOVE_MEAN, "running_mean = (1 - momentum) * running_mean + momentum * mean"),
        (MOVE_VAR, "running_var = (1 - momentum) * running_var + momentum * var"),
    ),
    "momentum fixed": (
        "Your momentum is always 0.9. That is the default; bn_param may say otherwise.",
        ('bn_param.get("momentum", 0.9)', "0.9"),
    ),
    "running_mean not updated": (
        "You update the running variance alone. The running mean moves by the same rule.",
        (MOVE_MEAN, ""),
    ),
    "running_var not updated": (
        "You update the running mean alone. The running variance moves by the same rule.",
        (MOVE_VAR, ""),
    ),
    "gamma ignored": ("You do not scale by gamma.", ("gamma * xhat", "xhat")),
    "beta ignored": ("You do not add beta.", ("xhat + beta", "xhat")),
    "beta scaled": (
        "You add beta before scaling by gamma. Scale first: gamma * xhat + beta.",
        ("xhat + beta", "(xhat + beta)"),
    ),
    "gamma missing": ("You do not scale by gamma.", ("gamma.reshape(1, C, 1, 1) * ", "")),
    "beta missing": ("You do not shift by beta.", (" + beta.reshape(1, C, 1, 1)", "")),
    "gamma and beta swapped": ("You scale by beta and shift by gamma. It is the other way round.",),
    "squares of 8-bit integers": (
        "You square x as it comes: squares of 8-bit integers wrap around at 256. Subtract the mean first, or turn x into floats.",
    ),
    "out alone": ("You return out alone. Return a tuple of two: out, cache.",),
    "cache not returned": ("You return the output alone. The signature wants a pair: return out, cache.",),
    "x changed": (
        "You change the array x. The caller still needs it: write to something new.",
        ("return out,", "x[:] = 0\n    return out,"),
    ),
}

BACKWARD = {
    "path through the mean missing": (
        "The path through the mean is missing in your dx: subtract the mean of dxhat.",
        (" - through_mean", ""),
    ),
    "path through the variance missing": (
        "The path through the variance is missing in your dx: subtract xhat times the mean of dxhat * xhat.",
        (" - through_var", ""),
    ),
    "path through the variance forgotten": (
        "Your dx forgets the path through the variance.",
        (" - through_var", ""),
    ),
    "path through the mean with the wrong sign": (
        "The path through the mean has the wrong sign in your dx: x - mean falls as the mean rises.",
        ("- through_mean", "+ through_mean"),
    ),
    "path through the variance with the wrong sign": (
        "The path through the variance has the wrong sign in your dx: the derivative of var ** -0.5 is negative.",
        ("- through_var", "+ through_var"),
    ),
    "path through the variance halved": (
        "The path through the variance counts half in your dx. The derivative of a square brings a 2, which meets the 1/2 of the root.",
        ("- through_var", "- 0.5 * through_var"),
    ),
    "path through the variance doubled": (
        "The path through the variance counts twice in your dx. The derivative of the root brings 1/2, which meets the 2 of the square.",
        ("- through_var", "- 2 * through_var"),
    ),
    "path through the variance with a wrong power": (
        "The path through the variance has the wrong power in your dx. The derivative of (var + eps) ** -0.5 is -0.5 * (var + eps) ** -1.5.",
        ("- through_var)", "- through_var / {inv})"),
    ),
    "gamma missing in dx": (
        "gamma is missing in your dx: dxhat = dout * gamma.",
        ("dout * {gamma}", "dout"),
    ),
    "not divided by the standard deviation": (
        "Your dx is not divided by the standard deviation.",
        (" * {inv}", ""),
    ),
    "multiplied by the standard deviation": (
        "Your dx is multiplied by the standard deviation. Divide by it.",
        ("* inv_std", "/ inv_std"),
    ),
    "divided by the variance": (
        "Your dx is divided by the variance. Divide by the standard deviation: once, for xhat already holds it.",
        ("* {inv}", "* {inv}**2"),
    ),
    "eps missing": (
        "Your dx is as if eps were next to nothing. Divide by np.sqrt(var + eps), with the eps that was given, in both passes.",
        ("* {inv}", "/ np.sqrt(1 / {inv}**2 - eps)"),
    ),
    "testing as training": (
        "Your dx is right for training alone. When testing, mean and variance are constants: dx is dxhat divided by the running standard deviation.",
    ),
    "dgamma with x": (
        "Your dgamma multiplies dout with x. gamma scales xhat, the normalised x.",
        ("(dout * xhat)", "(dout * x)"),
    ),
    "dgamma without xhat": (
        "Your dgamma is the sum of dout. gamma scales xhat, so its gradient is the sum of dout * xhat.",
        ("(dout * xhat)", "dout"),
    ),
    "dgamma with gamma": (
        "Your dgamma is multiplied by gamma. The derivative of gamma * xhat with respect to gamma is xhat alone.",
        (BACK, "return dx, dgamma * gamma, dbeta"),
    ),
    "dgamma and dbeta averaged": (
        "You average for dgamma and dbeta. Add up: whether a loss is a mean is already in dout.",
        (BACK, "return dx, dgamma / N, dbeta / N"),
    ),
    "dgamma and dbeta averaged over the batch": (
        "You divide dgamma and dbeta by the number of images. Add up: whether a loss is a mean is already in dout.",
        (BACK, "return dx, dgamma / N, dbeta / N"),
    ),
    "dgamma and dbeta by image": (
        "Your dgamma and dbeta have a row for each image. The batch shares them: add up over images too.",
        ("dgamma = (dout * xhat).sum(axis=(0, 2, 3))", "dgamma = (dout * xhat).sum(axis=(2, 3))"),
        ("dbeta = dout.sum(axis=(0, 2, 3))", "dbeta = dout.sum(axis=(2, 3))"),
    ),
    "dgamma and dbeta swapped": (
        "dgamma and dbeta are swapped. Return dx, dgamma, dbeta.",
        (BACK, "return dx, dbeta, dgamma"),
    ),
    "dx alone": ("You return dx alone. Return a tuple of three: dx, dgamma, dbeta.", (BACK, "return dx")),
    "dout changed": (
        "You change the array dout. The caller still needs it: write to something new.",
        (BACK, "dout *= 2\n    " + BACK),
    ),
}


def shared_by(table, function, **words):
    """A maker of mistakes in ``function``, by their name in ``table`` and the label of the paragraph that explains.

    ``words`` fill the braces. Changes given to the maker take the place of the table's.
    """

    def shared(name, anchor, *changes):
        sentence, *usual = table[name]
        changes = changes or [[text.format(**words) for text in change] for change in usual]
        return Mistake(name, sentence.format(**words), f"backprop-{anchor}", rewrite(function, *changes))

    return shared
