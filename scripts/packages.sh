# shellcheck shell=bash
# Installs Debian packages that other scripts need, which source this file:
#
#   . scripts/packages.sh
#   need fio fuse3:fusermount3 libc6-dev:/usr/include/stdio.h
#
# As root it installs what is missing. For other users it prints what to install,
# and exits with status 1.

export PATH=$PATH:/usr/sbin:/sbin # not everybody's PATH has them

# retry COMMAND...: up to six times, with longer and longer breaks, three minutes in all.
retry() {
	local pause
	for pause in 5 10 20 40 80; do
		if "$@"; then return; fi
		printf '%s: trying again in %d s: %s\n' "${0##*/}" "$pause" "$*" >&2
		sleep "$pause"
	done
	"$@"
}

# installed COMMAND,FILE...: true if the commands are in PATH and the files exist. A
# file begins with / and may be a pattern.
installed() {
	local each
	for each in ${1//,/ }; do
		case $each in
		/*) [ -e "$each" ] || return ;;
		*) command -v "$each" >/dev/null || return ;;
		esac
	done
}

# need PACKAGE[:COMMAND,FILE...]...: a package without a list has a command of its name.
need() {
	local each missing=()
	for each; do
		installed "${each#*:}" || missing+=("${each%%:*}")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ "$(id -u)" != 0 ]; then
		printf '%s: packages are missing; install them: sudo apt-get install %s\n' "${0##*/}" "${missing[*]}" >&2
		exit 1
	fi
	printf 'installing %s\n' "${missing[*]}"
	install_packages "${missing[@]}"
}

# Waits for another apt-get or dpkg to end.
apt_get() { DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 "$@" >/dev/null; }

# A subshell, whose trap is its own.
install_packages() (
	# No service may start because it was installed, such as a web server on port 80.
	policy=/usr/sbin/policy-rc.d
	if [ ! -e $policy ]; then
		trap 'rm -f $policy' EXIT
		printf '#!/bin/sh\nexit 101\n' >$policy
		chmod +x $policy
	fi
	# The lock of the lists is not among those that apt-get waits for. Old lists may do.
	retry apt_get -o APT::Update::Error-Mode=any update || true
	retry apt_get -y --no-install-recommends install "$@"
)
