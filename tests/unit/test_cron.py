"""Which values a schedule means: by Kubernetes' grammar, field by field."""

from __future__ import annotations

import pytest

from k8s_pipeline_client.domain.cron import (
    CronSyntaxError,
    Field,
    parse_every,
    parse_fields,
    split_fields,
    sunday_as_zero,
)


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """What was parsed before is parsed again: `make mutants` asks about many changes in one process."""
    parse_fields.cache_clear()


ALL = (
    Field(tuple(range(60)), True),
    Field(tuple(range(24)), True),
    Field(tuple(range(1, 32)), True),
    Field(tuple(range(1, 13)), True),
    Field(tuple(range(7)), True),
)


@pytest.mark.parametrize(
    ("written", "values", "star"),
    [
        ("0", [0], False),
        ("59", [59], False),
        ("7,3,5", [3, 5, 7], False),
        ("1,,2,", [1, 2], False),
        (",", [], False),
        ("3-6", [3, 4, 5, 6], False),
        ("4-4", [4], False),
        ("5/20", [5, 25, 45], False),
        ("59/2", [59], False),
        ("10-20/5", [10, 15, 20], False),
        ("10-20/1", list(range(10, 21)), False),
        ("10-20/99", [10], False),
        ("*/20", [0, 20, 40], False),
        ("?/30", [0, 30], False),
        ("*/59", [0, 59], False),
        ("*/60", [0], False),
        ("*", list(range(60)), True),
        ("?", list(range(60)), True),
        ("*/1", list(range(60)), True),
        ("5,*", list(range(60)), True),
        ("*,5", list(range(60)), True),
        ("*-5", list(range(60)), True),
        ("*/30,5", [0, 5, 30], False),
        ("+7", [7], False),
        ("007", [7], False),
        ("*/+30", [0, 30], False),
    ],
)
def test_the_values_of_a_field_and_whether_it_is_a_star(written: str, values: list[int], star: bool) -> None:
    assert parse_fields(f"{written} * * * *") == (Field(tuple(values), star), *ALL[1:])


@pytest.mark.parametrize(
    ("expression", "position", "values"),
    [
        ("* 0-23 * * *", 1, range(24)),
        ("* * 1-31 * *", 2, range(1, 32)),
        ("* * 28/2 * *", 2, [28, 30]),
        ("* * * 1-12 *", 3, range(1, 13)),
        ("* * * jan-Mar,DEC *", 3, [1, 2, 3, 12]),
        ("* * * oct/2 *", 3, [10, 12]),
        ("* * * * 0-6", 4, range(7)),
        ("* * * * SUN,tue-Thu,6", 4, [0, 2, 3, 4, 6]),
    ],
)
def test_each_field_has_its_own_bounds_and_names(expression: str, position: int, values: list[int]) -> None:
    found = parse_fields(expression)
    assert found[position] == Field(tuple(values), False)
    assert [*found[:position], *found[position + 1 :]] == [*ALL[:position], *ALL[position + 1 :]]


@pytest.mark.parametrize(
    ("alias", "written"),
    [
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
        ("@monthly", "0 0 1 * *"),
        ("@weekly", "0 0 * * 0"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@hourly", "0 * * * *"),
    ],
)
def test_an_alias_means_what_the_handbook_says(alias: str, written: str) -> None:
    assert parse_fields(alias) == parse_fields(written)


@pytest.mark.parametrize(
    ("expression", "part", "field"),
    [
        ("60 * * * *", "60", "minute"),
        ("* 24 * * *", "24", "hour"),
        ("* * 0 * *", "0", "day of month"),
        ("* * 32 * *", "32", "day of month"),
        ("* * * 0 *", "0", "month"),
        ("* * * 13 *", "13", "month"),
        ("* * * * 7", "7", "day of week"),
        ("* * * * 5-7", "5-7", "day of week"),
        ("1,9-5 * * * *", "9-5", "minute"),
        ("* 1-2-3 * * *", "1-2-3", "hour"),
        ("* */2/3 * * *", "*/2/3", "hour"),
        ("* * */0 * *", "*/0", "day of month"),
        ("* * * mon *", "mon", "month"),
        ("* * * * jan", "jan", "day of week"),
        ("* * * * mon-x", "mon-x", "day of week"),
        ("*/x * * * *", "*/x", "minute"),
        ("*/ * * * *", "*/", "minute"),
        ("5- * * * *", "5-", "minute"),
        ("-1 * * * *", "-1", "minute"),
        ("1.5 * * * *", "1.5", "minute"),
        ("*/-1 * * * *", "*/-1", "minute"),
        ("9223372036854775808 * * * *", "9223372036854775808", "minute"),
    ],
)
def test_what_is_wrong_is_named_with_its_field(expression: str, part: str, field: str) -> None:
    with pytest.raises(CronSyntaxError) as caught:
        parse_fields(expression)
    assert repr(part) in str(caught.value)
    assert field in str(caught.value)


@pytest.mark.parametrize(("expression", "count"), [("* * * *", "4"), ("* * * * * *", "6"), ("", "0")])
def test_the_number_of_fields_is_told(expression: str, count: str) -> None:
    with pytest.raises(CronSyntaxError, match=f"not {count}$"):
        parse_fields(expression)


@pytest.mark.parametrize(
    ("expression", "seconds"),
    [
        ("@every 1h30m", 5400.0),
        ("@every 2.9s", 2.0),
        ("@every 1.9s", 1.0),
        ("@every 0.2s", 1.0),
        ("@every -5m", 1.0),
        ("@every 0", 1.0),
        ("@hourly", None),
        ("@every", None),
        ("@every1h", None),
        ("0 * * * *", None),
    ],
)
def test_how_often_every_is(expression: str, seconds: float | None) -> None:
    assert parse_every(expression) == seconds


@pytest.mark.parametrize("expression", ["@every ", "@every x", "@every 1", "@every  1h", "@every 1h 2m"])
def test_every_of_no_duration_is_refused_with_what_was_written(expression: str) -> None:
    with pytest.raises(CronSyntaxError) as caught:
        parse_every(expression)
    assert repr(expression.removeprefix("@every ")) in str(caught.value)


@pytest.mark.parametrize(
    ("written", "rewritten"),
    [
        ("0 0 * * 7", "0 0 * * 0"),
        ("0\t0  * * 7", "0 0 * * 0"),
        ("0 0 * * 7,1,7", "0 0 * * 0,1,0"),
        ("0 0 * * MON-7", "0 0 * * 1,2,3,4,5,6,0"),
        ("0 0 * * sun-7/7", "0 0 * * 0,0"),
        ("0 0 * * 0-7", "0 0 * * 0,1,2,3,4,5,6,0"),
        ("0 0 * * 6-7/1", "0 0 * * 6,0"),
        ("0 0 * * 5-7/3", "0 0 * * 5"),
        ("0 0 * * 7-7", "0 0 * * 0"),
    ],
)
def test_day_seven_is_rewritten(written: str, rewritten: str) -> None:
    assert sunday_as_zero(written) == rewritten


@pytest.mark.parametrize(
    "written",
    [
        "7 7 7 7 *",
        "0 0 * * 1-5",
        "0 0 * * 17",
        "0 0 * * 8-7",
        "0 0 * * x-7",
        "0 0 * * 1-7/x",
        "0 0 * * 1-7/0",
        "0 0 * * 1-7/",
        "0 0 * * 1-6/7",
        "0 0 * * 7/2",
        "0 0 * * 7-1",
        "0 0 * * 7 7",
        "0 0 *  * 1",
        "@weekly",
        "7",
    ],
)
def test_all_else_stays_as_it_is(written: str) -> None:
    assert sunday_as_zero(written) == written


@pytest.mark.parametrize(
    ("expression", "fields"),
    [
        (" a\tb\u00a0c\u2003d\n", ["a", "b", "c", "d"]),
        ("a\x1cb", ["a\x1cb"]),
        ("a\u200bb", ["a\u200bb"]),
        ("", []),
    ],
)
def test_white_space_is_that_of_go(expression: str, fields: list[str]) -> None:
    assert split_fields(expression) == fields
