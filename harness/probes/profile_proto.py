"""The schema of a pprof profile as data: what ``perftools.profiles.Profile`` holds, as far as it is read here.

Source: github.com/google/pprof, proto/profile.proto. Fields that are not listed are skipped by the codec. Text is
declared as bytes, which is the same on the wire: a name that is no UTF-8 must not make a profile unreadable.
"""

from typing import Any

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

_PACKAGE = "perftools.profiles"
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
_SCALARS = {
    "int64": FieldDescriptorProto.TYPE_INT64,
    "uint64": FieldDescriptorProto.TYPE_UINT64,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
}


def _field(text: str) -> FieldDescriptorProto:
    """Read ``name=number type``, with a star where it repeats."""
    name, _, rest = text.partition("=")
    number, kind = rest.split()
    bare = kind.removesuffix("*")
    label = FieldDescriptorProto.LABEL_OPTIONAL if bare == kind else FieldDescriptorProto.LABEL_REPEATED
    field = FieldDescriptorProto(name=name, number=int(number), label=label)
    if bare in _SCALARS:
        field.type = _SCALARS[bare]
    else:
        field.type = FieldDescriptorProto.TYPE_MESSAGE
        field.type_name = f".{_PACKAGE}.{bare}"
    return field


def _message_class() -> Any:
    file = FileDescriptorProto(name="profile.proto", package=_PACKAGE, syntax="proto3")
    for name, fields in _MESSAGES.items():
        file.message_type.append(DescriptorProto(name=name, field=[_field(one) for one in fields]))
    pool = DescriptorPool()  # our own: another package in the process may have registered the same name
    pool.AddSerializedFile(file.SerializeToString())
    return GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Profile"))


Profile: Any = _message_class()
"""The message class: ``Profile.FromString(data)`` reads one, ``SerializeToString()`` writes it."""
