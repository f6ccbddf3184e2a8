#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The propnp authors

# run_pytest.sh LIBRARY FILE: the tests of FILE on the modules of python_bindings/ and LIBRARY.
# Exit code 77 is a skip with its reason.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
python=$root/build/python_venv/bin/python
if ! "$python" -c 'import numpy, pytest' 2>/dev/null; then
  echo "skipped: no $python with numpy and pytest; ./dev test makes it where pip finds packages"
  exit 77
fi
export PROPNP_LIBRARY="$1" PYTHONPATH="$root/python_bindings" PYTHONDONTWRITEBYTECODE=1
exec "$python" -m pytest -q -rs -p no:cacheprovider --rootdir "$root/tests/python" "$2"
