"""An interpreter of the classic BPF that the filter uses, to hold the kernel and the filter against."""

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

LD_B_ABS, LD_W_ABS, LD_W_IND, LD_IMM, LDX_IMM, JEQ, TAX, RET = 0x30, 0x20, 0x40, 0x00, 0x01, 0x15, 0x07, 0x06


SKF_AD_NLATTR = 0xFFFFF000 + 12


class OutOfPacket(Exception):
    """A load beyond the end: the kernel refuses the packet then."""


class Machine:
    """Classic BPF, as far as the filter uses it; any other operation is a KeyError."""

    def __init__(self, packet: bytes) -> None:
        self._packet = packet
        self.a = self.x = 0

    def run(self, code: bytes) -> int:
        steps = list(struct.iter_unpack("=HBBI", code))
        at = 0
        try:
            while steps[at][0] != RET:
                operation, yes, no, operand = steps[at]
                at += 1 + ((yes if self.a == operand else no) if operation == JEQ else self._do(operation, operand))
        except OutOfPacket:
            return 0
        return int(steps[at][3])

    def _do(self, operation: int, operand: int) -> int:
        loads: dict[int, Callable[[], int]] = {
            LD_B_ABS: lambda: self._load(operand, 1),
            LD_W_ABS: lambda: self._attribute() if operand == SKF_AD_NLATTR else self._load(operand, 4),
            LD_W_IND: lambda: self._load(self.x + operand, 4),
            LD_IMM: lambda: operand,
        }
        if operation == LDX_IMM:
            self.x = operand
        elif operation == TAX:
            self.x = self.a
        else:
            self.a = loads[operation]()
        return 0

    def _load(self, at: int, size: int) -> int:
        if at + size > len(self._packet):
            raise OutOfPacket
        return int.from_bytes(self._packet[at : at + size], "big")

    def _attribute(self) -> int:
        """Find an attribute as ``nla_find`` does."""
        at = self.a
        while at + 4 <= len(self._packet):
            length, kind = struct.unpack_from("=HH", self._packet, at)
            if not 4 <= length <= len(self._packet) - at:
                return 0
            if kind & 0x3FFF == self.x:
                return at
            at += (length + 3) & ~3
        return 0


def accepts(code: bytes, packet: bytes) -> bool:
    return Machine(packet).run(code) > 0
