# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Completes cvmctl(1) in bash. Commands and options are those of --help, so
# that this file need not follow them.

# Sets the answer: what compgen(1) makes of its arguments.
_cvmctl_answer() {
	mapfile -t COMPREPLY < <(compgen "$@")
}

_cvmctl_help() {
	"${COMP_WORDS[0]}" "$@" --help 2>/dev/null
}

# The value of the option before the cursor: 1 when that one takes none. In
# --help two blanks or more stand before an option, and behind its value.
_cvmctl_value() {
	local current=$1 option=$2 kind

	kind=$(_cvmctl_help "${COMP_WORDS[1]}" |
		awk -F '  +' -v option="$option" '
			{ split($2, words, " ") }
			words[1] == option { print words[2] }')
	case $option:$kind in
	*:IMAGE_DIR | *:DIR) _cvmctl_answer -d -- "$current" ;;
	*:FILE | *:VMLINUZ | *:INIT | *:DIR\|TAR | *:FILE\|-) _cvmctl_answer -f -- "$current" ;;
	--bank:* | --banks:*)
		_cvmctl_answer -W "sha1 sha256 sha384 sha512" -- "$current" ;;
	*:[a-z]*) _cvmctl_answer -W "${kind//|/ }" -- "$current" ;;
	--*:[A-Z]*) ;; # free text
	*) return 1 ;;
	esac
}

_cvmctl() {
	local current=${COMP_WORDS[COMP_CWORD]} words

	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		words="--help --version $(_cvmctl_help |
			sed -n 's/^  \([a-z]\{1,\}\) .*/\1/p')"
	elif _cvmctl_value "$current" "${COMP_WORDS[COMP_CWORD - 1]}"; then
		return
	elif [[ $current == -* ]]; then
		words=$(_cvmctl_help "${COMP_WORDS[1]}" |
			sed -n 's/^  \(--[a-z0-9-]*\).*/\1/p')
	else
		_cvmctl_answer -f -- "$current"
		return
	fi
	_cvmctl_answer -W "$words" -- "$current"
}

complete -o filenames -F _cvmctl cvmctl
