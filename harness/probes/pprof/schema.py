"""The schema of a pprof profile as data: what ``perftools.profiles.Profile`` holds, as far as it is read here.

Source: github.com/google/pprof, proto/profile.proto. Fields that are not listed are skipped by the codec.
"""

from typing import Any

from harness.probes.pprof.message_class import message_class

_MESSAGES = {
    "ValueType": ("type=1 int64", "unit=2 int64"),
    "Label": ("key=1 int64", "str=2 int64", "num=3 int64"),
    "Sample": ("location_id=1 uint64*", "value=2 int64*", "label=3 Label*"),
    "Line": ("function_id=1 uint64", "line=2 int64"),
    "Mapping": (
        "id=1 uint64",
        "memory_start=2 uint64",
        "memory_limit=3 uint64",
        "file_offset=4 uint64",
        "filename=5 int64",
    ),
    "Location": ("id=1 uint64", "mapping_id=2 uint64", "address=3 uint64", "line=4 Line*"),
    "Function": ("id=1 uint64", "name=2 int64", "system_name=3 int64", "filename=4 int64"),
    "Profile": (
        "sample_type=1 ValueType*",
        "sample=2 Sample*",
        "mapping=3 Mapping*",
        "location=4 Location*",
        "function=5 Function*",
        "string_table=6 bytes*",
        "time_nanos=9 int64",
        "duration_nanos=10 int64",
        "period_type=11 ValueType",
        "period=12 int64",
        "comment=13 int64*",
        "default_sample_type=14 int64",
    ),
}


Profile: Any = message_class("perftools.profiles", _MESSAGES, "Profile")
"""The message class: ``Profile.FromString(data)`` reads one, ``SerializeToString()`` writes it."""
