"""The benchmark's arithmetic: who takes a turn when, what a median and a ratio are, and how a page is written."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from pytest_mock import MockerFixture

from tests.bench.figures import OURS, Figure, Unit, of_rates, of_times
from tests.bench.report import BEGIN, END, Report, put_into, written
from tests.bench.rounds import Times, take_turns
from tests.bench.rows import ALSO_AT, ROWS, chosen
from tests.bench.run import measure
from tests.bench.scale import FULL_SIZES, Scale
from tests.bench.scene import Scene


def test_contenders_take_turns_in_another_order_each_round() -> None:
    turns: list[str] = []

    def contender(name: str) -> float:
        turns.append(name)
        return 1.0

    times = take_turns(
        {"a": lambda: contender("a"), "b": lambda: contender("b")},
        first_only={"slow": lambda: contender("slow")},
        rounds=3,
        seconds=60,
    )

    assert turns == ["a", "b", "slow", "b", "a", "a", "b"]
    assert {name: len(found) for name, found in times.by_name.items()} == {"a": 3, "b": 3, "slow": 1}


def test_one_round_is_had_however_short_the_time_is() -> None:
    assert take_turns({"a": lambda: 1.0}, rounds=9, seconds=-1).rounds == 1


def test_ratios_are_taken_within_a_round() -> None:
    times = Times({"bare": (1.0, 10.0, 1.0), OURS: (2.0, 20.0, 2.5)})

    assert times.median(OURS) == 2.5
    assert times.ratio(OURS, "bare") == 2.0
    assert [figure.ratio for figure in of_times("row", 3, times, "bare")] == [None, 2.0]
    assert [(figure.value, figure.ratio) for figure in of_rates("row", 3, times, "bare", 10)] == [
        (10.0, None),
        (4.0, 0.5),
    ]


def test_what_there_is_no_time_for_is_left_out(mocker: MockerFixture) -> None:
    scene = mocker.create_autospec(Scene, instance=True, scale=Scale((2, 4, 6)), say=lambda text: None)
    clock = mocker.patch("tests.bench.run.time.monotonic", return_value=0.0)

    def slow(_scene: Scene, size: int) -> Iterator[Figure]:
        clock.return_value += 10.0
        yield Figure("slow", OURS, size, 1)

    found = measure(scene, {"one": slow, "two": slow}, end=25.0)

    assert [figure.size for figure in found.figures] == [2, 2, 4]
    assert found.left_out == ["two at 4", "all at 6"]
    assert scene.fill.call_args_list == [mocker.call(0, 2), mocker.call(2, 4)]


def test_some_rows_are_measured_before_there_are_more_pipelines_too(mocker: MockerFixture) -> None:
    scene = mocker.create_autospec(Scene, instance=True, scale=Scale((100, 1000)), say=lambda text: None)
    (early, small), *_ = ALSO_AT.items()

    def row(name: str) -> Callable[[Scene, int], Iterator[Figure]]:
        return lambda _scene, size: iter([Figure(name, OURS, size, 1)])

    found = measure(scene, {"other": row("other"), early: row(early)}, end=time.monotonic() + 60)

    assert [(figure.row, figure.size) for figure in found.figures] == [
        (early, small),
        *[(name, size) for size in (100, 1000) for name in ("other", early)],
    ]
    assert scene.fill.call_args_list == [mocker.call(0, small), mocker.call(small, 100), mocker.call(100, 1000)]
    text = Report("", scene.scale, found.figures).markdown()
    assert f"| {early} | at {small} | at 100 | at 1,000 | growth, for 100x the pipelines |" in text
    assert "| other | at 100 | at 1,000 | growth, for 10x the pipelines |" in text


def test_rows_can_be_chosen_by_a_word_of_their_names() -> None:
    assert list(chosen([])) == list(ROWS)
    assert list(chosen(["log", "removed"])) == ["a log in pages", "pipelines removed"]
    with pytest.raises(ValueError, match=r"'logs'.*a log in pages"):
        chosen(["log", "logs"])


def test_what_fails_does_not_take_the_rest_with_it(mocker: MockerFixture) -> None:
    scene = mocker.create_autospec(Scene, instance=True, scale=Scale((2,)), say=lambda text: None)

    def failing(_scene: Scene, size: int) -> Iterator[Figure]:
        yield Figure("before", OURS, size, 1)
        raise RuntimeError("the API server is away")

    def well(_scene: Scene, size: int) -> Iterator[Figure]:
        yield Figure("after", OURS, size, 1)

    found = measure(scene, {"one": failing, "two": well}, end=time.monotonic() + 60)

    assert [figure.row for figure in found.figures] == ["before", "after"]
    assert found.failed == ["one at 2: the API server is away"]


def test_a_section_has_a_table_for_every_row_and_says_how_values_grow() -> None:
    figures = [
        Figure("lists", OURS, 100, 0.25, Unit.SECONDS, 1.5),
        Figure("lists", OURS, 3000, 7.5, Unit.SECONDS, 1.25),
        Figure("lists", "writes", 100, 0),
        Figure("lists", "writes", 3000, 0),
        Figure("logs", "bytes", 100, 2e6, Unit.BYTES),
    ]

    text = Report("Measured on a machine.", Scale((100, 3000)), figures, ["logs at 3,000"]).markdown()

    assert text.startswith(BEGIN)
    assert text.endswith(END)
    assert "| lists | at 100 | at 3,000 | growth, for 30x the pipelines |" in text
    assert "| ours | 250.0 ms (1.50x) | 7.5 s (1.25x) | 30.00x |" in text
    assert "| writes | 0 | 0 | none |" in text
    assert "| bytes | 2.00 MB | - |  |" in text
    assert "Left out, for the time was over: logs at 3,000." in text


def test_one_size_does_not_grow() -> None:
    text = Report("", Scale((100,)), [Figure("row", OURS, 100, 7)]).markdown()

    assert "| row | at 100 |\n| --- | --- |\n| ours | 7 |" in text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1234.5, Unit.SECONDS, "1,234.5 s"),
        (0.0123, Unit.SECONDS, "12.3 ms"),
        (309.6, Unit.RATE, "310/s"),
        (0.334, Unit.SHARE, "33%"),
        (8.25, Unit.COUNT, "8.25"),
        (12.0, Unit.COUNT, "12"),
    ],
)
def test_values_are_written_as_people_do(value: float, unit: Unit, text: str) -> None:
    assert written(value, unit) == text


def test_a_section_replaces_the_one_before_and_nothing_else() -> None:
    first = put_into("# Figures\n\ntext\n", f"{BEGIN}\none\n{END}")
    assert first == f"# Figures\n\ntext\n\n{BEGIN}\none\n{END}\n"

    assert put_into(first + "after\n", f"{BEGIN}\ntwo\n{END}") == first.replace("one", "two") + "after\n"
    with pytest.raises(ValueError, match="only one of the markers"):
        put_into(f"{BEGIN}\n", "new")


def test_a_quick_try_is_smaller_than_what_the_page_shows() -> None:
    assert Scale.of(FULL_SIZES, minutes=45) == Scale()
    quick = Scale.of((20,), minutes=5)
    assert (quick.batch, quick.is_full) == (20, False)
    assert quick.samples < Scale.samples
