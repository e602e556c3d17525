"""Schemas of Protocol Buffers as data: message classes from a table of the fields that are read or written.

Text is declared as bytes, which is the same on the wire: a name that is no UTF-8 must not make a file unreadable.
"""

from collections.abc import Mapping
from typing import Any, Literal

from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

_SCALARS = {
    "int64": FieldDescriptorProto.TYPE_INT64,
    "uint64": FieldDescriptorProto.TYPE_UINT64,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
}


def _field(text: str, package: str) -> FieldDescriptorProto:
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
        field.type_name = f".{package}.{bare}"
    return field


def message_class(
    package: str, messages: Mapping[str, tuple[str, ...]], root: str, syntax: Literal["proto2", "proto3"] = "proto3"
) -> Any:
    """Build a class: ``FromString(data)`` reads a message, ``SerializeToString()`` writes it.

    ``messages``: the fields of each, as ``name=number type``, with a star where one repeats. ``proto2`` writes a 0 that
    was set, ``proto3`` leaves it out.
    """
    file = FileDescriptorProto(name=f"{package}.proto", package=package, syntax=syntax)
    for name, fields in messages.items():
        file.message_type.append(DescriptorProto(name=name, field=[_field(one, package) for one in fields]))
    pool = DescriptorPool()  # our own: another package in the process may have registered the same name
    pool.AddSerializedFile(file.SerializeToString())
    return GetMessageClass(pool.FindMessageTypeByName(f"{package}.{root}"))
