"""What a kind of adapter exports: how one is built, what of a declaration can be refused before
anybody is asked, and what a pasted sample becomes.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, cast

from adapters.contract.adapter import DepartmentAdapter
from adapters.contract.errors import DeclarationError
from adapters.contract.manifest import Manifest
from adapters.contract.sections import shape_of
from adapters.transport.answers import Now
from adapters.transport.credentials import Secrets
from adapters.transport.exchange import Exchange
from adapters.transport.preview import Preview
from adapters.transport.python_department import PythonDepartment

Build = Callable[[Manifest, Exchange, Secrets, Now], DepartmentAdapter]


class AdapterKind(NamedTuple):
    """One kind, exported as `KIND` by its module `adapter`.

    `check` raises `DeclarationError` with a pointer into the manifest. `preview` takes an adapter
    that `build` made and a sample, and raises `AdapterError`.
    """

    build: Build
    check: Callable[[Manifest], None]
    preview: Callable[[DepartmentAdapter, Any], Preview]


def python_kind(department: type[PythonDepartment]) -> AdapterKind:
    """A department in Python: it asks one address, and its own code says how."""

    def check(manifest: Manifest) -> None:
        _check_python(manifest)
        if shape_of(manifest.section) is not department.section:
            shape = department.section.__name__
            raise DeclarationError(
                "/section", f"The kind {manifest.kind} tells {shape}; {manifest.section} does not."
            )

    return AdapterKind(
        department,
        check,
        lambda adapter, sample: cast("PythonDepartment", adapter).preview(sample),
    )


def _check_python(manifest: Manifest) -> None:
    if manifest.replicas:
        raise DeclarationError("/replicas", f"The kind {manifest.kind} asks one address only.")
