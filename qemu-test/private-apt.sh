# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# Packages of other Debian suites, for kernels and firmware. Sourced; needs
# `here`, the folder of the scripts, and `say`.
#
# apt runs with a state folder of its own under build/, so the machine's
# sources and package lists are never touched, and it verifies every download
# against the signed indices of the suite.

# shellcheck disable=SC2154 # here is the caller's
apt_state=$here/../build/apt
apt_keyring=/usr/share/keyrings/debian-archive-keyring.gpg
apt_tries=4
apt_mirror=
declare -A apt_opened=()

# One at a time, whatever is fetched: until the script ends.
apt_lock() {
	mkdir -p "$apt_state"
	apt_state=$(cd "$apt_state" && pwd)
	exec 9> "$apt_state/.lock"
	flock 9
}

# apt_retry WORDS...: run a command that talks to a mirror, again if it fails.
apt_retry() {
	local try

	for ((try = 1; try <= apt_tries; try++)); do
		"$@" && return 0
		say "try $try of $apt_tries failed: $1"
	done
	return 1
}

# apt_configure SUITE: one private apt per suite, so that the newest package
# of one suite cannot hide that of another.
apt_configure() {
	local suite=$1 state=$apt_state/$1

	apt_mirror=${apt_mirror:-$("$here/debian-mirror")} || return
	: > "$state/status"
	echo "deb [arch=amd64 signed-by=$apt_keyring] $apt_mirror $suite main" \
		> "$state/sources.list"
	cat > "$state/apt.conf" <<-CONF
	#clear APT::Update::Post-Invoke-Success;
	#clear Acquire::IndexTargets;
	Acquire::IndexTargets::deb::Packages {
		MetaKey "\$(COMPONENT)/binary-\$(ARCHITECTURE)/Packages";
		flatMetaKey "Packages";
		ShortDescription "Packages";
		Description "\$(RELEASE)/\$(COMPONENT) \$(ARCHITECTURE) Packages";
	};
	Acquire::Languages "none";
	Acquire::Retries "3";
	APT::Architecture "amd64";
	APT::Architectures "amd64";
	APT::Install-Recommends "false";
	APT::Sandbox::User "root";
	Dir::State "$state";
	Dir::State::lists "$state/lists";
	Dir::State::status "$state/status";
	Dir::Cache "$state";
	Dir::Cache::archives "$state/archives";
	Dir::Etc::sourcelist "$state/sources.list";
	Dir::Etc::sourceparts "/dev/null";
	Dir::Etc::preferences "/dev/null";
	Dir::Etc::preferencesparts "/dev/null";
	CONF
}

# apt_of SUITE TOOL WORDS...: that tool with the suite's private state. The
# configuration comes by -c because only a later file may clear settings.
apt_of() {
	local suite=$1 tool=$2

	shift 2
	"$tool" -qq -c "$apt_state/$suite/apt.conf" "$@"
}

# apt_open SUITE: its index, up to date, and an empty folder for its packages.
# A suite that could not be reached is not tried again.
apt_open() {
	local state=$apt_state/$1

	rm -rf "${state:?}/debs" "$state/archives"
	mkdir -p "$state/debs" "$state/lists/partial" "$state/archives/partial"
	if [[ -z ${apt_opened[$1]:-} ]]; then
		apt_opened[$1]=failed
		apt_configure "$1" && apt_retry apt_of "$1" apt-get update &&
			apt_opened[$1]=open
	fi
	[[ ${apt_opened[$1]} == open ]]
}

# apt_unpack DIR DEB...: what the packages hold, without their scripts.
apt_unpack() {
	local dir=$1 deb

	shift
	mkdir -p "$dir"
	for deb; do
		dpkg-deb -x "$deb" "$dir" || return
	done
}
