#!/usr/bin/env bash
# run.sh [LEG...]: the whole suite where it may be hard to pass, for "make test-hard". Without names every leg runs.
#
# COUNT=n          how often the leg "shuffle" runs (10)
# HARD=short       what every change must pass: short tests, and some legs only, in ten minutes
# SEED=n           the seed of the shuffling and of the property tests; without it each run takes another one and says it
# PACKAGES="..."   instead of ./...
#
# Each run prints its leg, its seed and how it ended, and keeps its output; what failed is listed at the end.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
source=$PWD
packages=${PACKAGES:-./...}
out=${OUT:-$(mktemp -d /tmp/satchel-hard-XXXXXX)}
mkdir -p "$out" && chmod 755 "$out"
failed=()
short=()
all="shuffle busy oneproc leapday dst later kiritimati pagopago path user nojudges nocc"
if [ "${HARD:-}" = short ]; then
	short=(-short)
	all="later kiritimati" # every leg is shuffled
fi

# suite LEG: the suite with whatever stands before it in the environment, in the folder that is the current one.
suite() {
	local leg=$1 seed=${SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
	shift
	local log=$out/$leg.log began=$SECONDS
	if SATCHEL_SEED=$seed "$@" go test -count=1 -timeout 30m -shuffle="$seed" "${short[@]}" $packages >"$log" 2>&1; then
		printf '%-12s seed %-10s ok      %4d s\n' "$leg" "$seed" $((SECONDS - began))
	else
		printf '%-12s seed %-10s FAILED  %4d s  %s\n' "$leg" "$seed" $((SECONDS - began)) "$log"
		failed+=("$leg (seed $seed): $(grep -hoE '^ *--- FAIL: [^ ]+|^panic: .*|^FAIL\s+\S+ \[.*' "$log" | sed 's/^ *--- FAIL: //' | tr '\n' ' ')")
	fi
}

# copy DIR: the files of the source tree, without what "make tools" fetched.
copy() { mkdir -p "$1" && git ls-files -z --cached --others --exclude-standard | tar -c --null -T - | tar -x -C "$1"; }

# seconds DATE: from now until then.
seconds() { echo $(($(date -ud "$1" +%s) - $(date +%s))); }

# leap: the next year that has a 29th of February.
leap() { local y=$(($(date +%Y) + 1)); while ! date -ud "$y-02-29" >/dev/null 2>&1; do y=$((y + 1)); done; echo $y; }

# march: the second Sunday of next March, on which clocks go forward in America.
march() { local y=$(($(date +%Y) + 1)) d=8; while [ "$(date -ud "$y-03-$d" +%u)" != 7 ]; do d=$((d + 1)); done; printf '%d-03-%02d' $y $d; }

# clock LEG DATE [ENV]: the suite with another wall clock, in the tests and in the programs that they build.
clock() {
	local dir=$source/bin/_clock # the same each time, so that Go's cache knows what it has built
	mkdir -p "$dir" && testdata/hard/clock.sh "$dir"
	seconds "$2" | tr -d '\n' >"$dir/shift"
	suite "$1" env SATCHEL_CLOCK="$2" GOFLAGS="${GOFLAGS:-} '-overlay=$dir/overlay.json'" ${3:+"$3"}
}

# tools DIR NAME...: a folder of links to these programs, as far as they are there.
tools() {
	local dir=$1 name
	shift
	mkdir -p "$dir"
	for name in "$@"; do ! command -v "$name" >/dev/null || ln -sf "$(command -v "$name")" "$dir/$name"; done
}
plain="go gofmt git sh bash env cat stat cp mv rm ln ls mkdir chmod chown touch sleep kill ps grep sed awk sort head tail tr cut wc date find xargs id uname dirname basename mktemp test true false tar gzip ip mount umount"

leg_shuffle() { for n in $(seq "${COUNT:-10}"); do suite "shuffle-$n"; done; }
leg_busy() {
	local busy=()
	for _ in 1 2; do (while :; do :; done) & busy+=($!); done
	suite busy
	kill "${busy[@]}"
	wait "${busy[@]}" 2>/dev/null
}
leg_oneproc() { suite oneproc env GOMAXPROCS=1; }
leg_leapday() { clock leapday "$(leap)-02-29 23:58:00"; }
leg_dst() { clock dst "$(march) 06:58:00" TZ=America/New_York; }
leg_later() { clock later "$(($(date +%Y) + 5))-$(date +%m)-15 12:00:00"; }
leg_kiritimati() { suite kiritimati env TZ=Pacific/Kiritimati; }
leg_pagopago() { suite pagopago env TZ=Pacific/Pago_Pago; }
leg_path() {
	local dir="$out/a path/Präxis"
	copy "$dir" && mkdir -p "$out/a path/tmp dir" && ln -sfn "$source/bin" "$dir/bin"
	cd "$dir" && suite path env TMPDIR="$out/a path/tmp dir"
	cd "$source" || exit 1
	rm -rf "$out/a path"
}
leg_user() {
	if [ "$(id -u)" != 0 ]; then suite user env -u SATCHEL_JUDGES; return; fi
	local home=$out/home
	copy "$home/satchel" && mkdir -p "$home/tmp" "$home/satchel/bin"
	cp -a bin/tools/. "$home/satchel/bin/tools/" 2>/dev/null
	# hard links: nothing is fetched or built again, and nothing of root's is changed
	cp -al "$(go env GOMODCACHE)" "$home/mod" 2>/dev/null || cp -a "$(go env GOMODCACHE)" "$home/mod"
	cp -al "$(go env GOCACHE)" "$home/cache" 2>/dev/null || rm -rf "$home/cache"
	mkdir -p "$home/cache"
	find "$home/cache" -type d -exec chown 65534:65534 {} +
	chown -R 65534:65534 "$home/satchel" "$home/tmp"
	chown 65534:65534 "$home"
	cd "$home/satchel" && suite user setpriv --reuid=65534 --regid=65534 --clear-groups env -u SATCHEL_JUDGES HOME="$home" TMPDIR="$home/tmp" \
		GOMODCACHE="$home/mod" GOCACHE="$home/cache" GOPROXY=off
	cd "$source" || exit 1
	rm -rf "$home"
}
leg_nojudges() {
	copy "$out/bare/satchel"
	tools "$out/bare/path" $plain cc gcc as ld
	cd "$out/bare/satchel" && suite nojudges env -u SATCHEL_JUDGES PATH="$out/bare/path"
	cd "$source" || exit 1
	rm -rf "$out/bare"
}
leg_nocc() { suite nocc env CC=/nowhere/cc CGO_ENABLED=0; }

for leg in ${*:-$all}; do
	declare -F "leg_$leg" >/dev/null || { echo "there is no leg $leg; there are: shuffle busy oneproc leapday dst later kiritimati pagopago path user nojudges nocc"; exit 2; }
	"leg_$leg"
done
if [ ${#failed[@]} = 0 ]; then
	echo "all legs passed"
else
	printf 'failed:\n'
	printf '  %s\n' "${failed[@]}"
	exit 1
fi
