// SPDX-License-Identifier: GPL-2.0-or-later
/* Opens a file again and again, and counts how often it was refused and how often it was not. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * refuse PATH COUNT            COUNT times, without a pause
 * refuse PATH until FILE       until FILE exists, with a short pause after each
 * refuse PATH ... OTHER        PATH and OTHER in turn: none is the same as the last
 *
 * Prints "REFUSED OPENED": how often open() said EACCES, and how often it worked.
 * Exit status 0, or 1 when open() failed with anything else.
 */
int main(int argc, char **argv)
{
	unsigned long refused = 0, opened = 0, count = 0, i;
	const char *until = NULL, *paths[2];
	int fd;

	if (argc < 3)
		return 2;
	if (strcmp(argv[2], "until") == 0)
		until = argv[3];
	else
		count = strtoul(argv[2], NULL, 10);
	paths[0] = paths[1] = argv[1];
	if (argc == (until ? 5 : 4))
		paths[1] = argv[argc - 1];
	else if (argc != (until ? 4 : 3))
		return 2;
	for (i = 0; until ? access(until, F_OK) != 0 : i < count; i++) {
		fd = open(paths[i % 2], O_RDONLY | O_CLOEXEC);
		if (fd >= 0) {
			opened++;
			close(fd);
		} else if (errno == EACCES) {
			refused++;
		} else {
			perror(argv[1]);
			return 1;
		}
		if (until)
			usleep(5000);
	}
	printf("%lu %lu\n", refused, opened);
	return 0;
}
