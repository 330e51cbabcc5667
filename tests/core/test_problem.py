from gatepost.core.problem import Problem, did_you_mean


def test_a_problem_says_where_and_what() -> None:
    """A problem reads file:line:column: field: text; what is not known is left out."""
    assert str(Problem("gatepost.toml", 3, 1, "door.mode", "wrong")) == "gatepost.toml:3:1: door.mode: wrong"
    assert str(Problem("gatepost.toml", 3, 0, "", "wrong")) == "gatepost.toml:3: wrong"
    assert str(Problem("gatepost.toml", 0, 0, "door.mode", "wrong")) == "gatepost.toml: door.mode: wrong"


def test_the_nearest_choice_is_offered() -> None:
    """A misspelt word gets the nearest choice, whatever its case, as it is really spelt; a strange one gets nothing."""
    assert did_you_mean("Minimum_notce", ["minimum_notice", "cap"]) == 'did you mean "minimum_notice"?'
    assert did_you_mean("es", ["DE", "ES"]) == 'did you mean "ES"?'
    assert did_you_mean("zzz", ["minimum_notice"]) == ""
