// SPDX-License-Identifier: GPL-2.0-or-later
/* A policy exchanged under a running agent: each act is decided by one policy, by all of it. */
#include <sched.h>
#include <sys/mman.h>

#include "tests/escape/stage.h"

#define MOUNTS 12  /* between a file and the rule about it, so that walks take their time */
#define SWAPS  300 /* by each of the two policies in turn */
#define TRIERS 2   /* of each place */

/*
 * Two places, each a stack of mounts with a file at the top. `open` may be read
 * under both policies, and `shut` under neither; but a walk that had begun with
 * the rules of one and ended with those of the other would find:
 *
 *		first			second
 * open		bottom allows		top allows, bottom denies
 * shut		bottom denies		top denies, bottom allows
 */
static const struct {
	const char *name;
	bool shut;
} places[] = { { "open", false }, { "shut", true } };

#define PLACES 2
enum { FIRST, SECOND };

/* Rules are numbered by policy, so that a record of one with a rule of the other shows. */
#define RULE(policy, place) (((policy) + 1U) * 100 + (place))

/* Shared with the triers. */
static struct {
	int stop;
	int attached;
	uint64_t right, wrong; /* outcomes */
	int error;	       /* of the last that was wrong */
} * tally;

static char *place_directory(size_t place, int depth)
{
	char *path = stage_format("%s/reload/%s", stage_root, places[place].name), *more;

	while (depth--) {
		more = stage_format("%s/m", path);
		free(path);
		path = more;
	}
	return path;
}

static void place_make(size_t place)
{
	char *path;
	int depth;

	for (depth = 0; depth <= MOUNTS; depth++) {
		path = place_directory(place, depth);
		stage_mkdir(path, 0755);
		if (depth && mount("reload", path, "tmpfs", 0, "size=64k") < 0)
			stage_bail("cannot mount on %s", path);
		free(path);
	}
	path = place_directory(place, MOUNTS);
	stage_file(stage_format("%s/file", path), "x", 0644);
	free(path);
}

static void rule_add(int dev, uint32_t policy, uint32_t number, const char *path, bool allow)
{
	struct agentos_policy_rule rule = {
		.policy = policy,
		.fd = open(path, O_PATH | O_CLOEXEC),
		.allow = allow ? AGENTOS_FILE_READ : 0,
		.deny = allow ? 0 : AGENTOS_FILE_READ,
		.number = number,
	};

	if (agentos_dev_policy_rule(dev, &rule))
		stage_bail("no rule on %s", path);
	close(rule.fd);
}

static uint32_t policy_make(int dev, int which)
{
	uint32_t policy;
	size_t i;

	if (agentos_dev_policy_new(dev, &policy))
		stage_bail("no policy");
	for (i = 0; i < PLACES; i++) {
		char *top = place_directory(i, MOUNTS), *bottom = place_directory(i, 0);

		if (which == SECOND)
			rule_add(dev, policy, RULE(which, i), top, !places[i].shut);
		rule_add(dev, policy, RULE(which, i), bottom, places[i].shut == (which == SECOND));
		free(top);
		free(bottom);
	}
	return policy;
}

static int try_place(int agent, size_t place)
{
	char *path = stage_format("%s/file", place_directory(place, MOUNTS));
	int fd, expected = places[place].shut ? EACCES : 0, is;

	if (agentos_agent_attach(agent))
		return 1;
	__atomic_add_fetch(&tally[place].attached, 1, __ATOMIC_ACQ_REL);
	while (!__atomic_load_n(&tally[place].stop, __ATOMIC_ACQUIRE)) {
		fd = open(path, O_RDONLY | O_CLOEXEC);
		is = fd < 0 ? errno : 0;
		if (fd >= 0)
			close(fd);
		if (is == expected) {
			__atomic_add_fetch(&tally[place].right, 1, __ATOMIC_RELAXED);
		} else {
			__atomic_add_fetch(&tally[place].wrong, 1, __ATOMIC_RELAXED);
			tally[place].error = is;
		}
		/* Each denial is a record. */
		if (places[place].shut)
			usleep(1000);
	}
	return 0;
}

/* Every denial names the rule of the policy that it names. */
static void records_judge(const char *log, const uint32_t *policies)
{
	unsigned int seen[2] = { 0 }, astray = 0;
	char wanted[2][96];
	const char *line, *end;
	int i;

	for (i = 0; i < 2; i++)
		snprintf(wanted[i], sizeof(wanted[i]), "\"rule\":%u,\"policy\":%u,", RULE(i, 1),
			 policies[i]);
	for (line = log; *line; line = *end ? end + 1 : end) {
		char *copy;

		end = strchrnul(line, '\n');
		copy = strndup(line, (size_t)(end - line));
		if (strstr(copy, "\"verdict\":\"denied\"")) {
			if (strstr(copy, wanted[FIRST]))
				seen[FIRST]++;
			else if (strstr(copy, wanted[SECOND]))
				seen[SECOND]++;
			else if (!astray++)
				stage_note("%s", copy);
		}
		free(copy);
	}
	stage_note("denials: %u by the first policy, %u by the second, %u by neither", seen[FIRST],
		   seen[SECOND], astray);
	stage_point(seen[FIRST] && seen[SECOND] && !astray,
		    "each denial names a rule of the policy that it names");
}

static int policies_left(int dev)
{
	uint64_t ids[8];

	return agentos_dev_enumerate(dev, AGENTOS_ENUMERATE_POLICIES, 0, ids, 8);
}

static void exchange_while_it_acts(void)
{
	struct agentos_create_options create = {
		.name = "reload",
		.rights = AGENTOS_RIGHT(FILE_READ),
		.access = AGENTOS_ACCESS_ALL,
	};
	struct agentos_create_options holder = { .name = "holder1",
						 .rights = AGENTOS_RIGHT(FILE_READ),
						 .access = AGENTOS_ACCESS_INSPECT };
	struct agentos_agent_policy set = { .rights = AGENTOS_RIGHTS_ALL };
	int holders[2], dev = stage_device(), agent, i, status, failed = 0, before = 0;
	pid_t pids[PLACES * TRIERS];
	uint32_t policies[2];
	char *log;

	/* The daemon lets go of a policy that nobody follows any more: somebody always does. */
	for (i = 0; i < 2; i++) {
		policies[i] = policy_make(dev, i);
		holder.policy = policies[i];
		holders[i] = agentos_dev_create(dev, &holder, NULL);
		holder.name = "holder2";
	}
	create.policy = policies[FIRST];
	agent = agentos_dev_create(dev, &create, NULL);
	if (agent < 0 || holders[0] < 0 || holders[1] < 0)
		stage_bail("no agent");
	fflush(NULL);
	for (i = 0; i < PLACES * TRIERS; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(try_place(agent, (size_t)i % PLACES));
	}
	for (i = 0; i < 100 * stage_slow(); i++) {
		if (__atomic_load_n(&tally[0].attached, __ATOMIC_ACQUIRE) == TRIERS &&
		    __atomic_load_n(&tally[1].attached, __ATOMIC_ACQUIRE) == TRIERS)
			break;
		usleep(100000);
	}
	for (i = 1; i <= 2 * SWAPS; i++) {
		set.policy = policies[i % 2];
		failed += agentos_agent_set_policy(agent, &set) != 0;
		before += set.ret_before == policies[(i - 1) % 2] && set.ret_agents == 1;
	}
	for (i = 0; i < PLACES; i++)
		__atomic_store_n(&tally[i].stop, 1, __ATOMIC_RELEASE);
	stage_point(!failed && before == 2 * SWAPS, "%d exchanges were made", 2 * SWAPS);
	for (i = 0, failed = 0; i < PLACES * TRIERS; i++)
		failed += waitpid(pids[i], &status, 0) != pids[i] || status;
	stage_point(!failed, "the agent acted until then");
	for (i = 0; i < PLACES; i++) {
		stage_note("%s: %llu times as both policies have it, %llu times not (%s)",
			   places[i].name, (unsigned long long)tally[i].right,
			   (unsigned long long)tally[i].wrong, strerror(tally[i].error));
		stage_point(tally[i].right > 100 && !tally[i].wrong, "never a mixture: %s",
			    places[i].name);
	}
	close(agent);
	log = stage_audit("reload", "\"event\":\"exit\"");
	records_judge(log, policies);
	stage_point(strstr(log, "\"event\":\"policy\"") != NULL, "the exchange is in the log");
	free(log);
	close(holders[0]);
	close(holders[1]);
	for (i = 0; i < 100 * stage_slow() && policies_left(dev); i++)
		usleep(100000);
	stage_point(!policies_left(dev), "the policies go with their last followers");
	close(dev);
}

int main(void)
{
	size_t i;

	stage_begin();
	/* Nobody else's umount follows ours. */
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		stage_bail("no mounts of our own");
	stage_mkdir(stage_format("%s/reload", stage_root), 0755);
	for (i = 0; i < PLACES; i++)
		place_make(i);
	tally = mmap(NULL, PLACES * sizeof(*tally), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tally == MAP_FAILED)
		stage_bail("no memory");
	exchange_while_it_acts();
	return stage_end();
}
