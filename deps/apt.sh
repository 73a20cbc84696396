# Source packages from the machine's own Debian mirror, with apt's state in
# build/deps/apt: the machine's sources stay as they are, root is not needed.
# Sourced by deps/fetch and deps/relock after lib.sh.
# shellcheck shell=bash

APT=$OUT/apt

# What the machine's apt is configured with: the mirrors that carry Debian.
apt_mirrors() {
	local list='' parts=''

	eval "$(apt-config shell list Dir::Etc::sourcelist/f \
		parts Dir::Etc::sourceparts/d)"
	cat "$list" "$parts"/*.list "$parts"/*.sources 2>/dev/null |
		sed -nE -e 's/^deb(-src)? +(\[[^]]*\] +)?([^ ]+) .*/\3/p' \
			-e 's/^URIs: *(.*)/\1/p' |
		tr ' ' '\n' | grep -E '/debian[^/]*/?$' | sort -u
}

# in_suite SUITE COMMAND...: one of apt's commands with that suite's state.
in_suite() {
	APT_CONFIG=$APT/$1/apt.conf "${@:2}"
}

# apt_update SUITE: its index of sources, from the first mirror that has it.
apt_update() {
	local mirror dir=$APT/$1 keys=""
	local keyring=/usr/share/keyrings/debian-archive-keyring.gpg

	[ ! -f "$dir/updated" ] || return 0
	command -v apt-get >/dev/null || return 1
	[ ! -f "$keyring" ] || keys="Signed-By: $keyring"
	mkdir -p "$dir/lists/partial" "$dir/cache"
	: >"$dir/status"

	# The proxy and the like are the machine's, its hooks are not wanted.
	{
		apt-config dump | grep '^Acquire' || :
		cat <<-END
			Dir::State "$dir";
			Dir::State::status "$dir/status";
			Dir::Cache "$dir/cache";
			Dir::Etc::main "/dev/null";
			Dir::Etc::parts "/dev/null";
			Dir::Etc::sourcelist "$dir/deb-src.sources";
			Dir::Etc::sourceparts "/dev/null";
			Dir::Etc::preferencesparts "/dev/null";
			APT::Sandbox::User "root";
			Acquire::Retries "3";
		END
	} >"$dir/apt.conf"

	for mirror in $(apt_mirrors); do
		printf '%s\n' "Types: deb-src" "URIs: $mirror" "Suites: $1" \
			"Components: main" ${keys:+"$keys"} >"$dir/deb-src.sources"
		if in_suite "$1" apt-get update -qq --error-on=any >"$dir/log" 2>&1
		then
			touch "$dir/updated"
			return 0
		fi
	done
	return 1
}

# apt_orig SUITE SOURCE: "URI FILE SHA256" of its .orig tarball.
apt_orig() {
	local file='[^ ]+\.orig\.tar\.[a-z0-9]+'

	apt_update "$1" || return 1
	in_suite "$1" apt-get source --only-source -qq --print-uris "$2" 2>/dev/null |
		sed -nE "s/^'([^']+)' ($file) [0-9]+ SHA256:(.*)/\1 \2 \3/p"
}

# apt_download SUITE URI FILE
apt_download() {
	in_suite "$1" /usr/lib/apt/apt-helper -qq download-file "$2" "$3" \
		>/dev/null 2>&1
}
