// SPDX-License-Identifier: GPL-2.0-or-later
/* What the self-test's acts act on: a tmpfs of our own, sockets, a descriptor on its way. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/keyctl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "kern/probe.h"

#define PROGRAM_AT 0x10000 /* where the program is in memory */

static int stage_socket(int type, const char *prefix, char *name, size_t size)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	socklen_t len;

	if (fd < 0)
		return -errno;
	snprintf(name, size, "%s-%d", prefix, getpid());
	memcpy(un.sun_path + 1, name, strlen(name));
	len = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name);
	if (bind(fd, (struct sockaddr *)&un, len) || (type == SOCK_STREAM && listen(fd, 1))) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

/* A static program that ends with 0, and asks for an executable stack. */
static const struct {
	Elf64_Ehdr head;
	Elf64_Phdr parts[2];
	uint8_t code[16];
} program = {
	.head = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_entry = PROGRAM_AT + sizeof(Elf64_Ehdr) + 2 * sizeof(Elf64_Phdr),
		.e_phoff = sizeof(Elf64_Ehdr),
		.e_ehsize = sizeof(Elf64_Ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 2,
	},
	.parts = {
		{ .p_type = PT_LOAD,
		  .p_flags = PF_R | PF_X,
		  .p_vaddr = PROGRAM_AT,
		  .p_filesz = sizeof(program),
		  .p_memsz = sizeof(program),
		  .p_align = 4096 },
		{ .p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W | PF_X },
	},
	/* mov $60, %eax; xor %edi, %edi; syscall: exit(0) */
	.code = { 0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05 },
};

static int stage_program(const struct probe_stage *s)
{
	int fd = openat(s->dir_fd, "program", O_CREAT | O_WRONLY | O_CLOEXEC, 0700);
	ssize_t written;

	if (fd < 0)
		return -errno;
	written = write(fd, &program, sizeof(program));
	close(fd);
	return written == sizeof(program) ? 0 : -EIO;
}

/* Is it in a list of the kernel's, by its first or second word? Nothing is loaded for it. */
static bool stage_has(const char *list, const char *name)
{
	char line[256], first[64], second[64];
	FILE *f = fopen(list, "re");
	bool found = false;
	int words;

	while (f && !found && fgets(line, sizeof(line), f)) {
		words = sscanf(line, "%63s %63s", first, second);
		found = (words > 0 && strcmp(first, name) == 0) ||
			(words > 1 && strcmp(second, name) == 0);
	}
	if (f)
		fclose(f);
	return found;
}

static int stage_files(struct probe_stage *s)
{
	int fd, err;

	s->dir_fd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir_fd < 0)
		return -errno;
	s->file = openat(s->dir_fd, "file", O_CREAT | O_RDWR | O_CLOEXEC, 0700);
	if (s->file < 0 || ftruncate(s->file, 4096))
		return -errno;
	fd = openat(s->dir_fd, "victim", O_CREAT | O_RDWR | O_CLOEXEC, 0700);
	if (fd < 0)
		return -errno;
	/* Not empty: an empty file is no module, and that is seen before the hook is asked. */
	err = ftruncate(fd, 4096) ? -errno : 0;
	close(fd);
	if (err)
		return err;
	s->readonly = openat(s->dir_fd, "victim", O_RDONLY | O_CLOEXEC);
	if (s->readonly < 0)
		return -errno;
	return mkdirat(s->dir_fd, "empty", 0700) ? -errno : 0;
}

/* An open file, sent and not received yet. */
static int stage_pass(struct probe_stage *s)
{
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control = {};
	struct iovec iov = { (char[]){ 'x' }, 1 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, s->passed))
		return -errno;
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &s->file, sizeof(int));
	return sendmsg(s->passed[0], &m, 0) < 0 ? -errno : 0;
}

/* As small as can be: all of a user's queues share a limit. Those that were left go first. */
static int stage_queue(struct probe_stage *s)
{
	struct mq_attr smallest = { .mq_maxmsg = 1, .mq_msgsize = 1 };
	mqd_t queue;

	strcpy(s->queue, "/agentos-selftest");
	strcpy(s->made, "/agentos-selftest-made");
	mq_unlink(s->queue);
	mq_unlink(s->made);
	queue = mq_open(s->queue, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600, &smallest);
	return queue < 0 || mq_close(queue) ? -errno : 0;
}

/* What an agentosd that was killed amid a self-test left; there is never a second one to have it. */
static void stage_sweep(void)
{
	glob_t left;
	size_t i;

	if (glob("/run/agentos-selftest-*", GLOB_NOSORT, NULL, &left))
		return;
	for (i = 0; i < left.gl_pathc; i++) {
		umount2(left.gl_pathv[i], MNT_DETACH | UMOUNT_NOFOLLOW);
		rmdir(left.gl_pathv[i]);
	}
	globfree(&left);
}

int probe_stage_open(struct probe_stage *s, struct fault *f)
{
	int err;

	stage_sweep();
	*s = (struct probe_stage){
		.dir_fd = -1,
		.file = -1,
		.readonly = -1,
		.inbox = -1,
		.listener = -1,
		.outside = -1,
		.segment = -1,
		.key = -1,
		.sctp = -1,
		.overlay = stage_has("/proc/filesystems", "overlay"),
		.passed = { -1, -1 }
	};
	snprintf(s->dir, sizeof(s->dir), "/run/agentos-selftest-XXXXXX");
	if (!mkdtemp(s->dir))
		return fault_set(f, errno, "self-test: %s: %s", s->dir, strerror(errno));
	if (mount("agentos-selftest", s->dir, "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,mode=700")) {
		err = fault_set(f, errno, "self-test: no tmpfs on %s: %s", s->dir, strerror(errno));
		rmdir(s->dir);
		return err;
	}
	err = stage_files(s);
	if (!err)
		err = stage_program(s);
	if (!err)
		err = stage_pass(s);
	if (!err && stage_has("/proc/net/protocols", "SCTP")) {
		s->sctp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_SCTP);
		err = s->sctp < 0 ? -errno : 0;
	}
	if (!err) {
		err = s->inbox = stage_socket(
			SOCK_DGRAM, "agentos-inbox", s->inbox_name, sizeof(s->inbox_name));
		if (err > 0)
			err = 0;
	}
	if (!err) {
		err = s->listener = stage_socket(SOCK_STREAM, "agentos-listener", s->listener_name,
						 sizeof(s->listener_name));
		if (err > 0)
			err = 0;
	}
	if (!err) {
		s->outside = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (s->outside < 0)
			err = -errno;
	}
	if (!err) {
		s->segment = shmget(IPC_PRIVATE, 4096, 0600);
		s->key = (int)syscall(SYS_add_key, "user", "agentos-selftest", "x", 1,
				      KEY_SPEC_PROCESS_KEYRING);
		if (s->segment < 0 || s->key < 0)
			err = -errno;
	}
	if (!err)
		err = stage_queue(s);
	if (err) {
		fault_set(f, -err, "self-test: the stage cannot be set: %s", strerror(-err));
		probe_stage_close(s);
	}
	return err;
}

void probe_stage_close(struct probe_stage *s)
{
	const int fds[] = { s->dir_fd,	s->file, s->readonly,  s->inbox,    s->listener,
			    s->outside, s->sctp, s->passed[0], s->passed[1] };
	size_t i;

	if (s->segment >= 0)
		shmctl(s->segment, IPC_RMID, NULL);
	if (s->queue[0]) {
		mq_unlink(s->queue);
		mq_unlink(s->made);
	}
	if (s->key >= 0)
		syscall(SYS_keyctl, KEYCTL_INVALIDATE, s->key);
	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	umount2(s->dir, MNT_DETACH);
	rmdir(s->dir);
}
