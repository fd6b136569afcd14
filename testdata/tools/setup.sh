#!/bin/sh
# Installs the judges: programs that are not ours, which the tests ask about what we made. "make tools" runs it.
# Programs come from Debian or Ubuntu's packages, if this runs as root there; what else is needed is fetched into bin/tools,
# pinned by its SHA-256. What is there already is left alone, so that a second run takes no network and no time.
# Exit code 1: something is missing still, and has been named. Tests that need it are skipped (see internal/judge).
set -u
cd "$(dirname "$0")/../.." || exit 1
here=$PWD/testdata/tools
dir=$PWD/bin/tools
mkdir -p "$dir" || exit 1
missing=0

lacks() { echo "tools: $1 is missing: $2" >&2; missing=1; }
have() { command -v "$1" >/dev/null 2>&1; }
hash_of() { sha256sum "$1" 2>/dev/null | cut -d' ' -f1; }

# Programs, each with the Debian package that has it.
packages=""
while read -r program package; do
	test "$program" = chromium && have google-chrome && continue
	have "$program" || packages="$packages $package"
done <<LIST
chromium chromium
age age
ssh-keygen openssh-client
unzip unzip
openssl openssl
curl curl
script bsdutils
sha256sum coreutils
systemd-analyze systemd
LIST
have python3 && python3 -c 'import ensurepip' 2>/dev/null || packages="$packages python3-venv"
if test -n "$packages"; then
	quick="-o Acquire::http::Timeout=20 -o Acquire::Retries=1 -o DPkg::Lock::Timeout=120"
	if have apt-get && test "$(id -u)" = 0; then
		echo "tools: apt-get install$packages" >&2
		# shellcheck disable=SC2086 # these are lists
		{ apt-get $quick -qq update && DEBIAN_FRONTEND=noninteractive apt-get $quick -qq -y install --no-install-recommends $packages; } >"$dir/apt.log" 2>&1 ||
			lacks "one of$packages" "apt-get failed, see $dir/apt.log"
	else
		lacks "one of$packages" "install it with your system's package manager, or run this as root on Debian or Ubuntu"
	fi
fi

# axe-core judges pages for accessibility (MPL-2.0). npm fetches it from wherever it is set up to fetch from.
axe=29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c
if test "$(hash_of "$dir/axe.min.js")" != "$axe"; then
	if ! have npm; then
		lacks axe-core "npm fetches it, and there is no npm here"
	elif (cd "$dir" && npm pack --silent axe-core@4.14.1) >"$dir/npm.log" 2>&1 &&
		tar -xzf "$dir/axe-core-4.14.1.tgz" -O package/axe.min.js >"$dir/axe.new" && test "$(hash_of "$dir/axe.new")" = "$axe"; then
		mv "$dir/axe.new" "$dir/axe.min.js"
	else
		lacks axe-core "npm cannot fetch it, or it is not what was expected; see $dir/npm.log"
	fi
	rm -f "$dir/axe-core-4.14.1.tgz" "$dir/axe.new"
fi

# Python's bagit is the reference for BagIt. There is no wheel of it, so it is built here with the tools of build.txt, which are
# pinned too; setuptools_scm gives it its version.
python=$dir/python/bin/python
if ! "$python" -c 'import bagit' 2>/dev/null; then
	rm -rf "$dir/python"
	pip() { "$python" -m pip --quiet --disable-pip-version-check --timeout 20 --retries 1 install --require-hashes --no-deps "$@"; }
	{ python3 -m venv "$dir/python" && pip -r "$here/build.txt" && pip --no-build-isolation -r "$here/bagit.txt" &&
		"$python" -c 'import bagit'; } >"$dir/python.log" 2>&1 ||
		lacks "Python's bagit" "see $dir/python.log"
fi
exit $missing
