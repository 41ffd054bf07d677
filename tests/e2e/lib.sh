#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# libagentos as others use it: installed, found by pkg-config, linked both ways, from C and from C++.
# timeout: 300

# shellcheck source=tests/e2e/lib/stage.sh
. "$SRC/tests/e2e/lib/stage.sh"

module_load
root=$work/root
holds 'it installs below a directory' "$SRC/scripts/install" "$root" /usr/local "$BUILD"
export PKG_CONFIG_PATH="$root/usr/local/lib/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$root"
flags=$(pkg-config --cflags libagentos)
libs=$(pkg-config --libs libagentos)
# shellcheck disable=SC2086,SC2116 # one blank between words
is 'pkg-config knows it' "$(echo $flags $libs)" \
	"-I$root/usr/local/include/agentos -L$root/usr/local/lib -lagentos"

# The example of the header, whole: a sub-agent, joined, waited for, and its message.
cat >"$work/use.c" <<'END_OF_C'
#include <libagentos.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	struct agentos_create_options create = {
		"user", AGENTOS_RIGHTS_ALL, 0, AGENTOS_ACCESS_ALL, 0, AGENTOS_CREATE_UNENFORCED
	};
	struct agentos_derive_options derive = {
		"user.tests", AGENTOS_RIGHT(FILE_READ) | AGENTOS_RIGHT(FILE_EXEC), 0,
		AGENTOS_ACCESS_INSPECT | AGENTOS_ACCESS_ATTACH, 0
	};
	struct agentos_message head;
	struct agentos_info info;
	char text[64];
	int dev = agentos_dev_open(O_RDWR), parent, child, box, to;
	pid_t pid;
	ssize_t n;

	if (dev < 0)
		return 10;
	parent = agentos_dev_create(dev, &create, NULL);
	child = agentos_agent_derive(parent, &derive, NULL);
	if (parent < 0 || child < 0)
		return 11;
	pid = fork();
	if (pid == 0)
		_exit(agentos_agent_attach(child) ? 1 : 5);
	waitpid(pid, NULL, 0);
	if (agentos_agent_wait(child, 20000) || agentos_agent_info(child, &info))
		return 12;
	to = agentos_mail_sender(parent, 0);
	box = agentos_mail_receiver(parent, 0);
	if (agentos_mail_send(to, "done", 4))
		return 13;
	n = agentos_mail_receive(box, &head, text, sizeof(text));
	printf("%s %s %d %.*s\n", info.ret_name, agentos_state_name(info.ret_state), info.ret_code,
	       (int)n, text);
	return 0;
}
END_OF_C
cp "$work/use.c" "$work/use.cc"
# shellcheck disable=SC2086 # flags are words
{
	holds 'a program links with the shared library' \
		gcc -Wall -Werror -o "$work/shared" "$work/use.c" $flags $libs
	holds 'and with the static one' gcc -Wall -Werror -o "$work/static" "$work/use.c" $flags \
		"$root/usr/local/lib/libagentos.a"
	holds 'and from C++' g++ -Wall -Werror -o "$work/plus" "$work/use.cc" $flags $libs
}
export LD_LIBRARY_PATH="$root/usr/local/lib"
for kind in shared static plus; do
	try "$work/$kind"
	is "it works: $kind" "$(cat "$work/out")" 'user.tests exited 5 done'
done
is 'the shared library says which it is' \
	"$(readelf -d "$work/shared" | sed -n 's/.*Shared library: \[\(libagentos[^]]*\)\].*/\1/p')" \
	libagentos.so.0
is 'and gives nothing but its own names' \
	"$(nm -D --defined-only "$root/usr/local/lib/libagentos.so" | grep -vc ' agentos_')" 0
holds 'it uninstalls' "$SRC/scripts/install" --uninstall "$root" /usr/local
is 'and leaves no file of the library' "$(find "$root" -name '*agentos*' -type f | wc -l)" 0

module_unload
stage_end
