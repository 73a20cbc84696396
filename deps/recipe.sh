# What the recipes share: flags and the steps that they consist of.  Sourced by
# deps/build; every library is built again when this file changes.
# shellcheck shell=bash

JOBS=$(nproc)

# No debug information and no unwind tables, which a stripped init has no use
# for; a section for each function, so that the linker keeps only what is used.
CFLAGS_LIBC="-fPIE -ffunction-sections -fdata-sections"
CFLAGS_HOST="-O2 -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=2"
CFLAGS="-Os $CFLAGS_LIBC -fno-unwind-tables -fno-asynchronous-unwind-tables"
CFLAGS+=" -fstack-protector-strong -fstack-clash-protection"
export JOBS CFLAGS CFLAGS_LIBC CFLAGS_HOST

# archive LIB FLAGS FILE...: compile the files and install them as one library.
archive() {
	local lib=$1 flags=$2 objects=()
	shift 2

	for c in "$@"; do
		objects+=("obj/$lib/${c//\//_}.o")
	done
	mkdir -p "obj/$lib"
	# shellcheck disable=SC2016 # for the inner shell
	printf '%s\n' "$@" | FLAGS=$flags LIB=$lib xargs -P "$JOBS" -I{} sh -c '
		musl-gcc $CFLAGS $FLAGS -w -c {} -o "obj/$LIB/$(echo {} |
			tr / _).o" || exit 255'
	rm -f "$PREFIX/lib/$lib"
	ar rcsD "$PREFIX/lib/$lib" "${objects[@]}"
}

install_headers() {
	mkdir -p "$PREFIX/include/$1"
	install -m 644 -t "$PREFIX/include/$1" "${@:2}"
}
