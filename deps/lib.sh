# What the scripts in this folder share; sourced, never run.
# shellcheck shell=bash disable=SC2034 # variables are the callers'

DEPS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
OUT=$(dirname "$DEPS")/build/deps	# everything that is made
SOURCES=$OUT/src			# the pinned tarballs
PREFIX=$OUT/musl			# what init is built with
HOST_PREFIX=$OUT/host			# what cvmctl is built with
LOCK=$DEPS/lock
export DEPS OUT SOURCES PREFIX HOST_PREFIX LOCK

warn() {
	echo "$(basename "$0"): $*" >&2
}

die() {
	warn "$@"
	exit 1
}

# The comment at the top of a script is its help.
usage() {
	sed -n '2,${/^#/!q;s/^# \{0,1\}//p}' "$0"
	exit 0
}

lock_names() {
	sed -n 's/^\([a-z][^ ]*\) .*/\1/p' "$LOCK"
}

lock_line() {
	grep "^$1 " "$LOCK" || die "$1 is not in deps/lock"
}

# The lock line that was read last.
name='' version='' source='' suite='' file='' sha256='' url='' licence=''
url_sha256=''

# Sets name, version, source, suite, file, sha256, url and licence.  url_sha256
# is the hash of what url gives, which may be another file than Debian's.
lock_read() {
	local line

	line=$(lock_line "$1")
	read -r name version source suite file sha256 url licence <<<"$line"
	url_sha256=$sha256
	case $url in
	*#sha256=*)
		url_sha256=${url#*#sha256=}
		url=${url%#*}
		;;
	esac
}

# is_pinned FILE: what the lock line that was read last asks for?
is_pinned() {
	local h

	[ -f "$1" ] || return 1
	h=$(sha256sum "$1")
	[ "${h%% *}" = "$sha256" ] || [ "${h%% *}" = "$url_sha256" ]
}
