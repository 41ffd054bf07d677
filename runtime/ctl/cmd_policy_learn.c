// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl policy learn: runs a program, and writes a policy that would have allowed what it did. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "ctl/ctl.h"
#include "ctl/trial.h"
#include "policy/learn.h"
#include "policy/secrets.h"

#define SECRET_DEPTH   8     /* how far below a directory its secrets are looked for, */
#define SECRET_ENTRIES 50000 /* and among how many names; more is as good as one */

static const char help[] =
	"Usage: agentctl policy learn [OPTION]... [--] PROGRAM [ARG]...\n"
	"Runs PROGRAM AUDIT-ONLY under a policy that allows nothing, and writes a policy that\n"
	"would have allowed what it did: rights, files by directory, addresses, sockets. It is\n"
	"a first draft for you to read, not a judgement: whatever the program did, the policy\n"
	"allows. The program is not confined meanwhile: learn from one that you would run\n"
	"without, with the work that it is to do.\n"
	"\n"
	"  --output FILE    write it there, a new file (NAME.yaml); \"-\" is standard output\n"
	"  --name NAME      the policy's name (learned)\n"
	"  --workspace DIR  directory that the policy calls ${WORKSPACE} (current directory)\n"
	"\n"
	"  agentctl policy learn --name builder --output builder.yaml -- make check\n"
	"  $EDITOR builder.yaml\n"
	"  agentctl policy test ./builder.yaml -- make check     would it be refused anything?\n"
	"  agentctl run --policy ./builder.yaml -- make check\n"
	"\n"
	"What looks like a secret (.env, id_*, *.pem, .ssh, ...) is never allowed by its own\n"
	"name: it stands in a comment, for you to decide; a workspace that has some in it is\n"
	"marked. So does a directory that has everybody's files in it.\n"
	"Rights with which root could end enforcement are refused while it is watched as well.\n"
	"\n"
	"Exit status:\n"
	"    0  the policy was written, and the program ended with 0\n"
	"    4  it was written, but the program ended with another status\n"
	"    5  it was written, but records were lost or did not come: it says so at its head\n"
	"    1  it was not written\n"
	"    2  the command line is wrong; 125, 126, 127: nothing was run, as for `agentctl run`\n";

struct lesson {
	struct trial trial;
	struct learn *learn;
	const char *name, *output;
	char file[80];
	char *workspace, *home;
};

/* --- the machine, as the policy asks about it --- */

static bool path_exists(const char *path, void *cookie)
{
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool path_is_directory(const char *path, void *cookie)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The descriptor is taken over. What cannot be looked into has one. */
static bool secret_below(int directory, unsigned int depth, unsigned int *left)
{
	DIR *dir = fdopendir(directory);
	struct dirent *entry;
	bool found = false;
	int below;

	if (!dir) {
		close(directory);
		return true;
	}
	while (!found && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (!*left || secret_by_name(entry->d_name, strlen(entry->d_name))) {
			found = true;
			break;
		}
		--*left;
		/* Not all file systems say what it is; what is no directory does not open. */
		if (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)
			continue;
		below = openat(dirfd(dir), entry->d_name,
			       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		/* What the caller cannot read, his agent cannot. */
		if (below >= 0 && depth)
			found = secret_below(below, depth - 1, left);
		else if (below >= 0) {
			close(below);
			found = true;
		}
	}
	closedir(dir);
	return found;
}

static bool path_holds_secret(const char *path, void *cookie)
{
	int directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	unsigned int left = SECRET_ENTRIES;

	/* No directory, or one that is gone, has none. */
	return directory >= 0 && secret_below(directory, SECRET_DEPTH, &left);
}

/* --- the lesson --- */

static int lesson_act(const struct agentos_event *event, void *cookie)
{
	return learn_act(cookie, event);
}

/* As the program was called, for a comment. */
static char *command_text(char *const *argv)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	for (; *argv; argv++)
		fprintf(out, "%s%s", *argv, argv[1] ? " " : "");
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static bool name_is_valid(const char *name)
{
	size_t len = strlen(name);

	return len && len < AGENTOS_NAME_SIZE && strcmp(name, ".") != 0 &&
	       strcmp(name, "..") != 0 &&
	       !name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				  "0123456789._-")];
}

/* -1 to go on, else an exit status. */
static int lesson_options(struct lesson *l, int argc, char **argv)
{
	static const struct option options[] = {
		{ "workspace", required_argument, NULL, 'w' },
		{ "name", required_argument, NULL, 'n' },
		{ "output", required_argument, NULL, 'o' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option;

	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, "+:h", options, NULL)) != -1) {
		switch (option) {
		case 'w':
			l->trial.request.workspace = optarg;
			break;
		case 'n':
			if (!name_is_valid(optarg))
				return ctl_usage("policy",
						 "--name takes 1 to 63 of A-Z, a-z, 0-9, ., _, -");
			l->name = optarg;
			break;
		case 'o':
			l->output = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return CTL_OK;
		case ':':
			return ctl_usage("policy", "an option of learn lacks its value");
		default:
			return ctl_usage("policy",
					 "learn does not know this option; a program's own "
					 "options come after its name");
		}
	}
	if (optind == argc)
		return ctl_usage("policy", "which program? For example: "
					   "agentctl policy learn -- make check");
	l->trial.request.argv = argv + optind;
	return -1;
}

/* What ${WORKSPACE} and ${HOME} are, as they are for `agentctl run`. */
static int lesson_places(struct lesson *l)
{
	const char *wanted = l->trial.request.workspace ? l->trial.request.workspace : ".";
	const char *home = getenv("HOME");
	const struct passwd *user;
	char shown[512];

	l->workspace = realpath(wanted, NULL);
	if (!l->workspace) {
		escape_text(shown, sizeof(shown), wanted, strlen(wanted));
		ctl_complain("workspace %s: %s", shown, strerror(errno));
		return CTL_FAILED;
	}
	if (!home || home[0] != '/') {
		user = getpwuid(getuid());
		home = user ? user->pw_dir : "/";
	}
	/* Paths come from the kernel: without links, and without a slash at the end. */
	l->home = realpath(home, NULL);
	if (!l->home)
		l->home = strdup(home);
	if (l->home)
		return CTL_OK;
	ctl_complain("out of memory");
	return CTL_FAILED;
}

static int lesson_write(struct lesson *l, FILE *out)
{
	const struct place_world world = { .workspace = l->workspace,
					   .home = l->home,
					   .exists = path_exists,
					   .is_directory = path_is_directory,
					   .holds_secret = path_holds_secret };
	struct learn_about about = { .name = l->name,
				     .lost = l->trial.lost,
				     .unfinished = l->trial.unfinished };
	char *command = command_text(l->trial.request.argv);
	int err = -ENOMEM;

	about.command = command;
	if (command)
		err = learn_write(l->learn, &about, &world, out);
	free(command);
	return err;
}

/* On standard error, whatever the program printed. */
static int lesson_tell(const struct lesson *l)
{
	char shown[512], outcome[32];

	escape_text(shown, sizeof(shown), l->output, strlen(l->output));
	fprintf(stderr, "agentctl: wrote %s from %" PRIu64 " records; the program ended with %s\n",
		strcmp(l->output, "-") == 0 ? "a policy" : shown, l->trial.acts,
		trial_outcome(&l->trial, outcome, sizeof(outcome)));
	if (!place_is_workspace(
		    &(struct place_world){ .workspace = l->workspace, .home = l->home }))
		fprintf(stderr,
			"agentctl: the workspace is a home or more: its files are named one "
			"by one; learn in a directory of its own\n");
	if (l->trial.lost)
		fprintf(stderr,
			"agentctl: INCOMPLETE: %" PRIu64
			" records were lost; what they were about is not in the policy\n",
			l->trial.lost);
	if (l->trial.unfinished)
		fprintf(stderr,
			"agentctl: INCOMPLETE: not all records have come; does agentosd run? "
			"`agentctl doctor` tells\n");
	if (l->trial.lost || l->trial.unfinished)
		return CTL_UNKNOWN;
	return l->trial.status ? CTL_PROGRAM : CTL_OK;
}

static int lesson_learn(struct lesson *l)
{
	FILE *out = trial_output(l->output);
	int status;

	if (!out)
		return CTL_FAILED;
	status = trial_run(&l->trial);
	if (status != CTL_OK) {
		trial_output_drop(out, l->output);
		return status;
	}
	if (lesson_write(l, out)) {
		trial_output_drop(out, l->output);
		ctl_complain("out of memory");
		return CTL_FAILED;
	}
	return trial_output_close(out, l->output) ? lesson_tell(l) : CTL_FAILED;
}

int cmd_policy_learn(int argc, char **argv)
{
	struct lesson l = {
		.name = "learned",
		.trial = { .request = { .policy = "learn", .policy_text = LEARN_POLICY },
			   .act = lesson_act }
	};
	int status = lesson_options(&l, argc, argv);

	if (status >= 0)
		return status;
	if (!l.output) {
		snprintf(l.file, sizeof(l.file), "%s.yaml", l.name);
		l.output = l.file;
	}
	status = lesson_places(&l);
	if (status == CTL_OK && learn_new(&l.learn)) {
		ctl_complain("out of memory");
		status = CTL_FAILED;
	}
	l.trial.cookie = l.learn;
	if (status == CTL_OK)
		status = lesson_learn(&l);
	learn_free(l.learn);
	free(l.workspace);
	free(l.home);
	return status;
}
