#!/bin/sh
# Installs the programs that judge packages beside our own check: Python's bagit (the reference for BagIt) into a virtual
# environment, whose python is printed. Use it as: export BAGIT_PYTHON=$(handover/testdata/interop/setup.sh)
# age, ssh-keygen, unzip and sha256sum come from the system: apt-get install age openssh-client unzip coreutils
set -eu
dir=${1:-/tmp/satchel-interop}
test -x "$dir/bin/python" || python3 -m venv "$dir" >&2
"$dir/bin/python" -c "import bagit" 2>/dev/null || "$dir/bin/pip" install --quiet 'bagit==1.9.0' 'setuptools<81' >&2
"$dir/bin/python" -c "import bagit" >&2
echo "$dir/bin/python"
