"""Every form of a series gives the same numbers: times in seconds, memory in bytes."""

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from harness.files import source
from harness.files.series import forms as series
from harness.files.series.table import Series, Wanted
from raising import raises_id

ROWS = 40
STEP_S = 15
BEGAN = 1_716_400_000
BYTES = [50 * 2**20 + 4096 * 16 * at for at in range(ROWS)]
TIMES = [BEGAN + STEP_S * at for at in range(ROWS)]


def read(text: str | bytes, wanted: Wanted | None = None) -> list[Series]:
    data = text.encode() if isinstance(text, str) else text
    return series.read(source.source("-", io.BytesIO(data)), wanted or Wanted())


def lines(*rows: str) -> str:
    return "".join(f"{row}\n" for row in rows)


def iso(at: float, form: str) -> str:
    return (datetime.fromtimestamp(at, UTC)).strftime(form)


def table(header: str, rows: "list[str]") -> str:
    return lines(*([header] if header else []), *rows)


def of(time: str, factor: float = 1, separator: str = ",", extra: str = "") -> list[str]:
    forms = {
        "s": lambda at: f"{at}",
        "ms": lambda at: f"{at * 1000}",
        "ns": lambda at: f"{at * 10**9}",
        "elapsed": lambda at: f"{at - BEGAN}",
        "iso": lambda at: iso(at, "%Y-%m-%dT%H:%M:%SZ"),
        "zone": lambda at: iso(at + 7200, "%Y-%m-%dT%H:%M:%S+02:00"),
        "fraction": lambda at: iso(at, "%Y-%m-%d %H:%M:%S.000"),
        "clock": lambda at: iso(at, "%H:%M:%S"),
        "words": lambda at: iso(at, "%d %b %Y %H:%M:%S"),
    }
    return [f"{forms[time](at)}{separator}{size / factor:.10g}{extra}" for at, size in zip(TIMES, BYTES, strict=True)]


FORMS = {
    "CSV in seconds": table("timestamp,rss_bytes", of("s")),
    "milliseconds": table("ts,rss", of("ms")),
    "nanoseconds": table("time_ns,rss_bytes", of("ns")),
    "elapsed": table("elapsed_s,rss_kb", of("elapsed", 1024)),
    "ISO 8601": table("time,rss (KiB)", of("iso", 1024)),
    "a zone": table("time,rss_kib", of("zone", 1024)),
    "a space and fractions": table("when,mem_mib", of("fraction", 2**20)),
    "a time of day": table("time,rss_bytes", of("clock")),
    "dates in words": table("date,rss_bytes", of("words")),
    "semicolons": table("time;rss_bytes;x", of("iso", separator=";", extra=";1,5")),
    "tabs": table("time\trss_bytes", of("s", separator="\t")),
    "spaces, without a header": table("", of("s", 1024, " ")),
    "quoted": table('"time","rss_bytes"', [f'"{row}"'.replace(",", '","') for row in of("iso")]),
    "a unit in each cell": table("time,memory", of("s", 2**10, extra="KiB")),
    "a byte order mark": "\ufeff" + table("time,rss_bytes", of("s")),
    "lines of Windows": table("time,rss_bytes", of("s")).replace("\n", "\r\n"),
    "a comment": table("# time rss_bytes", of("s", separator=" ")),
    "other columns": table(
        "pct,limit_bytes,time,heap,rss", [f"1,2,{at},3,{size}" for at, size in zip(TIMES, BYTES, strict=True)]
    ),
    "JSON lines": lines(
        *(json.dumps({"at": at, "memory": {"rss_bytes": size}}) for at, size in zip(TIMES, BYTES, strict=True))
    ),
    "psrecord": table(
        "# Elapsed time   CPU (%)     Real (MB)   Virtual (MB)",
        [f"  {at - BEGAN:8.3f}  0.000  {size / 2**20:.6f}  99.1" for at, size in zip(TIMES, BYTES, strict=True)],
    ),
    "Prometheus": json.dumps(
        {
            "status": "success",
            "data": {
                "resultType": "matrix",
                "result": [
                    {
                        "metric": {"__name__": "process_resident_memory_bytes", "job": "a"},
                        "values": [[at, str(size)] for at, size in zip(TIMES, BYTES, strict=True)],
                    }
                ],
            },
        }
    ),
    "pidstat -r": lines(
        "Linux 6.1 (host)\t11/26/26\t_x86_64_\t(2 CPU)",
        *(
            row
            for at, size in zip(TIMES, BYTES, strict=True)
            for row in (
                "",
                f"{iso(at - 15, '%I:%M:%S %p')}   UID  PID  minflt/s  majflt/s  VSZ  RSS  %MEM  Command",
                f"{iso(at, '%I:%M:%S %p')}     0   77     0.00      0.00 9999 {size // 1024}   0.10  daemon",
            )
        ),
        "Average:        0   77      0.00      0.00    9999    1776   0.01  daemon",
    ),
    "pidstat -h -r": lines(
        "Linux 6.1 (host)\t11/26/26\t_x86_64_\t(2 CPU)",
        "",
        "# Time        UID       PID  minflt/s  majflt/s     VSZ     RSS   %MEM  Command",
        *(
            f"{iso(at, '%H:%M:%S')}  0  77  0.00  0.00  9999  {size // 1024}  0.01  daemon"
            for at, size in zip(TIMES, BYTES, strict=True)
        ),
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_form_gives_seconds_and_bytes(form: str) -> None:
    (one,) = read(FORMS[form])

    assert one.x.size == ROWS
    np.testing.assert_allclose(one.x - one.x[0], np.arange(ROWS) * STEP_S, atol=0.002)
    np.testing.assert_allclose(one.y, BYTES, rtol=1e-6)
    assert one.unit
    assert one.clock


DOCKER = "CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT     MEM %     NET I/O     BLOCK I/O   PIDS"
UNTIMED = {
    "ps -o rss=": lines(*(f" {size // 1024}" for size in BYTES)),
    "docker stats": lines(
        *(
            row
            for size in BYTES
            for row in (
                f"\x1b[H{DOCKER}\x1b[K",
                f"1a2b3c4d5e6f   web       0.10%     {size / 2**20:.4f}MiB / 1.9GiB   0.54%   1kB / 0B 0B / 0B 1\x1b[K",
            )
        )
    ),
    # What the client of 28.2.2 writes: each screen as it is, and again with each line cleared to its end.
    "docker stats drawn twice": "".join(
        f"\x1b[H{DOCKER}\n{row}\n\x1b[H{DOCKER} \x1b[K\n{row} \x1b[K\n \x1b[K\n\x1b[J"
        for size in BYTES
        for row in (f"1a2b3c4d5e6f   web   0.10%   {size / 2**20:.4f}MiB / 2GiB   0.5%   1.2kB / 99B   0B / 0B   7",)
    ),
    "docker stats --no-stream again and again": lines(
        *(
            row
            for size in BYTES
            for row in (
                DOCKER,
                f"{'1a2b' * 16}   web   0.10%   {size / 2**20:.4f}MiB / 2GiB   0.5%   1.2kB / 99B   0B / 0B   7",
            )
        )
    ),
    "docker stats of two columns": lines(
        *(row for size in BYTES for row in ("NAME   MEM USAGE / LIMIT", f"web   {size / 2**20:.4f}MiB / 2GiB"))
    ),
    "docker stats by a template": lines(*(f"web,{size / 2**20:.4f}MiB / 2GiB" for size in BYTES)),
    "docker stats --format json, drawn": "".join(
        f"\x1b[H{row}\n\x1b[H{row} \x1b[K\n \x1b[K\n\x1b[J"
        for size in BYTES
        for row in (
            json.dumps({"Container": "1a2b", "MemUsage": f"{size / 2**20:.4f}MiB / 2GiB", "Name": "web", "PIDs": "7"}),
        )
    ),
    "docker stats --format json": lines(
        *(
            json.dumps({"Name": "web", "CPUPerc": "0.1%", "MemUsage": f"{size / 2**20:.4f}MiB / 1.9GiB"})
            for size in BYTES
        )
    ),
}


@pytest.mark.parametrize("form", UNTIMED)
def test_readings_without_a_time_take_the_one_that_is_given(form: str) -> None:
    (one,) = read(UNTIMED[form], Wanted(every_s=STEP_S))

    np.testing.assert_allclose(one.x, np.arange(ROWS) * STEP_S)
    np.testing.assert_allclose(one.y, BYTES, rtol=1e-4)
    with raises_id("which_column") as fault:
        read(UNTIMED[form])
    assert "--every" in fault.value.hint


@pytest.mark.parametrize("form", [form for form in UNTIMED if form.startswith("docker")])
def test_containers_have_their_names_and_what_did_not_run_is_missing(form: str) -> None:
    idle = "-- / --"
    last = f"{BYTES[-1] / 2**20:.4f}MiB / "
    text = UNTIMED[form]
    begin = text.rindex(last)
    text = text[:begin] + idle + text[text.index("iB", begin + len(last)) + 2 :]

    (one,) = read(text.replace(last, idle), Wanted(every_s=STEP_S))
    assert one.name == "web"
    assert np.isnan(one.y[-1])
    assert one.y[0] == pytest.approx(BYTES[0], rel=1e-4)


def test_two_containers_in_a_table_without_a_header_are_two_series() -> None:
    rows = [f"{name},{size / 2**20:.4f}MiB / 2GiB" for size in BYTES for name in ("web", "db")]

    assert [one.name for one in read(lines(*rows), Wanted(every_s=STEP_S))] == ["web", "db"]


MANY = 70_000  # more than are cut at once


@pytest.mark.parametrize("odd", ["{at},a,{size}\n", '"{at}","a","{size}"\n', "{at},,{size}\n", "{at},a,{size} B\n"])
def test_what_one_odd_row_holds_is_read_as_the_rows_around_it(odd: str) -> None:
    rows = [f"{BEGAN + at},a,{4096 * (1000 + at)}\n" for at in range(MANY)]
    rows[MANY - 9] = odd.format(at=BEGAN + MANY - 9, size=4096 * (1000 + MANY - 9))

    found = read("time,x,rss_bytes\n" + "".join(rows))
    assert sum(one.x.size for one in found) == MANY
    assert {float(one.y[at] / 4096 - 1000 - (one.x[at] - BEGAN)) for one in found for at in (0, -1)} == {0.0}


@pytest.mark.slow
@pytest.mark.parametrize(
    "odd",
    [
        '{"at": %d, "memory": {"rss": "%d"}}',
        '{"at": %d, "memory": {"rss": %d.0, "x": null}, "memory2": 1}',
        '{"at": "%d", "memory": {"rss": %d}}',
    ],
)
def test_a_json_line_of_another_type_is_read_as_the_lines_around_it(odd: str) -> None:
    forms = [(odd if at == MANY - 9 else '{"at": %d, "memory": {"rss": %d}}') for at in range(MANY)]

    (one,) = read(lines(*(form % (BEGAN + at, 4096 * (1000 + at)) for at, form in enumerate(forms))))
    np.testing.assert_array_equal(one.x, BEGAN + np.arange(MANY))
    np.testing.assert_array_equal(one.y, 4096.0 * (1000 + np.arange(MANY)))


@pytest.mark.parametrize(
    "odd", ["", "[1]", '{"at": null}', '{"memory": 7}', "{", '{"at": true, "memory": {"rss": []}}']
)
def test_a_json_line_without_a_reading_is_missing(odd: str) -> None:
    rows = [f'{{"at": {BEGAN + at}, "memory": {{"rss": {4096 * (1000 + at)}}}}}' for at in range(200)]
    rows[100] = odd

    (one,) = read(lines(*rows))
    assert int(np.isfinite(one.y).sum()) == 199


def test_a_counter_of_work_takes_the_place_of_time() -> None:
    (one,) = read(table("requests,rss_bytes", [f"{100 * at},{size}" for at, size in enumerate(BYTES)]))

    assert one.per == "unit"
    assert one.x[-1] == 100 * (ROWS - 1)


def test_processes_that_live_at_once_are_series_of_their_own() -> None:
    rows = [f"{at},{pid},worker,{size}" for at, size in zip(TIMES, BYTES, strict=True) for pid in (7, 8)]

    assert [one.name for one in read(table("time,pid,command,rss_bytes", rows))] == ["worker 7", "worker 8"]


def test_processes_that_follow_each_other_are_lives_of_one() -> None:
    rows = [f"{at},{7 + (number > 20)},worker,{BYTES[number]}" for number, at in enumerate(TIMES)]

    (one,) = read(table("time,pid,command,rss_bytes", rows))
    assert one.lives is not None
    assert np.flatnonzero(np.diff(one.lives)).tolist() == [20]


def test_a_column_is_chosen_by_name_by_number_and_by_a_part_of_its_name() -> None:
    text = table("time,a_kb,b_kb", [f"{at},{size // 1024},7" for at, size in zip(TIMES, BYTES, strict=True)])

    names = [read(text, Wanted(columns=(asked,)))[0].name for asked in ("b_kb", "3", "b_")]
    assert names == ["b_kb"] * 3
    assert [one.name for one in read(text, Wanted(columns=("a_kb", "b_kb")))] == ["a_kb", "b_kb"]
    with raises_id("which_column") as fault:
        read(text)
    assert "--column" in fault.value.hint


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        ([4096 * at for at in range(1000, 1040)], 1.0),
        ([4 * at for at in range(4001, 4041)], 1024.0),
        ([33.5 + at / 8 for at in range(40)], 2.0**20),
    ],
)
def test_a_unit_that_nothing_names_is_guessed_and_stated(values: list[float], unit: float) -> None:
    (one,) = read(table("", [f"{at} {value}" for at, value in zip(TIMES, values, strict=True)]))

    assert one.y[0] == values[0] * unit
    assert "guessed" in one.unit


def test_a_unit_that_is_given_wins() -> None:
    (one,) = read(table("time,rss_bytes", of("s")), Wanted(unit_bytes=1024.0))

    assert one.y[0] == BYTES[0] * 1024


def test_times_of_day_go_on_after_midnight() -> None:
    begin = datetime(2026, 1, 1, 23, 55, tzinfo=UTC)
    rows = [f"{(begin + timedelta(seconds=15 * at)):%H:%M:%S},{size}" for at, size in enumerate(BYTES)]

    (one,) = read(table("time,rss_bytes", rows))
    np.testing.assert_allclose(one.x - one.x[0], np.arange(ROWS) * STEP_S)


WRONG = {
    "empty": (b"", "empty"),
    "gzip": (b"\x1f\x8b\x08\x00" + b"\0" * 40, "gzip"),
    "zip": (b"PK\x03\x04" + b"\0" * 40, "zip"),
    "sqlite": (b"SQLite format 3\0" + b"\0" * 40, "SQLite"),
    "parquet": (b"PAR1" + b"\0" * 40, "Parquet"),
    "memray": (b"memray\0" + b"\0" * 40, "memray"),
    "legacy heap profile": (b"heap profile: 1: 2 [3: 4] @ heapz_v2/524288\n", "heap profile"),
    "goroutines": (b"goroutine 1 [running]:\nmain.main()\n", "goroutines"),
    "page": (b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>", "web page"),
    "metrics": (b"# HELP go_goroutines Number\n# TYPE go_goroutines gauge\ngo_goroutines 7\n", "metrics endpoint"),
    "executable": (b"\x7fELF" + b"\0" * 40, "executable"),
    "picture": (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "picture"),
    "binary": (bytes(range(128, 256)) * 4, "binary"),
    "instant query": (b'{"status":"success","data":{"resultType":"vector","result":[]}}', "vector"),
    "failed query": (b'{"status":"error","errorType":"bad_data","error":"parse error"}', "parse error"),
    "prose": (b"Memory seems to grow.\nSince Monday at least.\n", "no column of numbers"),
    "one moment": (b"VmPeak:\t 100 kB\nVmRSS:\t 90 kB\n", "status of a process"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_file_of_another_kind_is_named_as_what_it_is(wrong: str) -> None:
    data, named = WRONG[wrong]
    with raises_id("not_a_series") as fault:
        read(data)
    assert named in fault.value.message
    assert fault.value.hint


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(Exception, match=str(path)):
            source.source(str(path), io.BytesIO())
