"""The description is that of this host."""

import os
from importlib import metadata
from pathlib import Path

from decant.machine import ISA_FLAGS, Machine, this_machine


def test_cores_are_those_this_process_may_use():
    assert this_machine().cores == len(os.sched_getaffinity(0))


def test_isa_lists_what_the_kernel_lists():
    flags = Path("/proc/cpuinfo").read_text().split()
    assert set(this_machine().isa) == set(ISA_FLAGS) & set(flags)


def test_versions_are_the_installed_ones():
    libraries = this_machine().libraries
    assert libraries["numpy"] == metadata.version("numpy")
    assert libraries["ai-edge-litert"] == metadata.version("ai-edge-litert")


def test_survives_json():
    machine = this_machine()
    assert Machine.model_validate_json(machine.model_dump_json()) == machine
