// SPDX-License-Identifier: GPL-2.0-or-later
/* agentctl policy: check a policy file, apply one, list those that are installed, show one, compare two, explain a denial. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "ctl/apply.h"
#include "ctl/ctl.h"
#include "ctl/difference.h"
#include "ctl/effective.h"
#include "ctl/explain.h"
#include "ctl/wording.h"
#include "super/profile.h"
#include "super/resolve.h"

static const char help[] =
	"Usage: agentctl policy check FILE|NAME [--workspace DIR] [--json]\n"
	"       agentctl policy apply FILE|NAME AGENT [--workspace DIR] [--json]\n"
	"       agentctl policy list [--json]\n"
	"       agentctl policy show FILE|NAME [--effective [--workspace DIR] [--json]]\n"
	"       agentctl policy diff FILE|NAME FILE|NAME [--workspace DIR] [--json]\n"
	"       agentctl policy explain SEQ [--json]\n"
	"       agentctl policy test FILE|NAME [OPTION]... [--] PROGRAM [ARG]...\n"
	"       agentctl policy learn [OPTION]... [--] PROGRAM [ARG]...\n"
	"\n"
	"A policy says what an agent may do; it is a YAML file. A name without \"/\" is\n"
	"looked up as NAME.yaml in the directories of AGENTOS_POLICY_PATH, by default\n"
	"/etc/agentos/policies, /usr/local/share/agentos/policies and\n"
	"/usr/share/agentos/policies.\n"
	"\n"
	"  check   read it, and look up its paths as `agentctl run` would from here;\n"
	"          what is wrong is one line with file, line and what would be valid\n"
	"  apply   put a running agent under it, and those below it that follow the same\n"
	"          one: in one step, with no moment without a policy. Open files stay open.\n"
	"          Rights that it has not got it does not get, only new rules; rights\n"
	"          that the policy does not name it loses for good. Limits are exchanged,\n"
	"          budgets and schedule as far as it names them. For its owner and root:\n"
	"          agentctl policy apply tighter.yaml coder --workspace ~/project\n"
	"  list    the policies there are, the first of a name is the one that counts\n"
	"  show    print one, to read it or to begin a policy of your own:\n"
	"          agentctl policy show untrusted > mine.yaml\n"
	"\n"
	"          --effective: each rule as the kernel is told it, variables replaced, with\n"
	"          its line in the file, and the number that `agentctl audit` names it by:\n"
	"          agentctl policy show mine.yaml --effective --workspace ~/project\n"
	"  test    run a program and tell what the policy would refuse it, without refusing\n"
	"          it: agentctl policy test ./mine.yaml -- make check\n"
	"  learn   run a program and write a policy that would have allowed what it did:\n"
	"          agentctl policy learn --output mine.yaml -- make check\n"
	"          Both have more options: agentctl policy test --help\n"
	"\n"
	"  diff    what the second allows and refuses that the first does not (+), and the\n"
	"          other way round (-), with file and line; 0 the same, 1 they differ:\n"
	"          agentctl policy diff untrusted ./mine.yaml\n"
	"  explain why a denial was one: the rule with its line in the policy's file, and\n"
	"          what to add to it, or to take out; also of a host that the gateway did not\n"
	"          connect to, and of what an audit-only agent was let do. SEQ is its number\n"
	"          in the log:\n"
	"          agentctl audit --denied --seq\n"
	"          agentctl policy explain 17\n"
	"\n"
	"  --workspace DIR  what ${WORKSPACE} stands for; default: the current\n"
	"                   directory; apply has none: a policy with it needs the option\n"
	"  --json           the result as one line of JSON\n"
	"\n"
	"Exit status: 0 valid, 2 the command line is wrong, 3 the policy is not valid\n"
	"or there is none, 1 any other failure: of diff, that they differ; of explain, that SEQ\n"
	"is not in the log or no denial. What the log has is explained also when the policy's\n"
	"file is not there.\n";

struct check {
	const char *name;
	const char *workspace;
	bool json;
};

static const char *search_path(void)
{
	return ctl_setting("AGENTOS_POLICY_PATH", CTL_POLICY_DIRS);
}

static const char *home_of_caller(void)
{
	const char *home = getenv("HOME");
	const struct passwd *user;

	if (home && home[0] == '/')
		return home;
	user = getpwuid(getuid());
	return user ? user->pw_dir : "/";
}

/* A file with several names: the rule is about the file, so it holds for each of them. */
static bool is_linked_often(const struct resolved *r, size_t i, struct stat *ret_st)
{
	return r->rules[i].kind == COMPILED_OBJECT && fstat(r->fds[i], ret_st) == 0 &&
	       S_ISREG(ret_st->st_mode) && ret_st->st_nlink > 1;
}

static void check_print_text(const struct policy *p, const struct resolved *r)
{
	char path[PATH_MAX], safe[PATH_MAX], place[WORDING_PLACE];
	struct stat st;
	size_t i;

	escape_text(path, sizeof(path), p->files[0], strlen(p->files[0]));
	printf("%s: valid: %zu rules, ", path, p->rule_count);
	if (p->egress_count)
		printf("%zu on host names, ", p->egress_count);
	printf("rights ");
	ctl_rights_print(p->rights, ", ", "");
	putchar('\n');
	effective_terms(&p->terms, false);
	for (i = 0; i < r->count; i++) {
		const struct policy_rule *rule = &p->rules[r->rules[i].number];

		if (!is_linked_often(r, i, &st))
			continue;
		escape_text(safe, sizeof(safe), rule->path, strlen(rule->path));
		wording_place(place, p, rule->at);
		printf("%s: warning: %s has %lu hard links; the rule holds for the file under "
		       "each of its names\n",
		       place, safe, (unsigned long)st.st_nlink);
	}
}

static void check_print_json(const struct policy *p, const struct resolved *r)
{
	const char *gap = "";
	struct stat st;
	size_t i;

	putchar('{');
	wording_json("file", p->files[0]);
	printf(",\"valid\":true,");
	wording_json("name", p->name);
	printf(",\"rules\":%zu,\"compiled\":%zu,\"hosts\":%zu,\"rights\":[", p->rule_count,
	       r->count, p->egress_count);
	ctl_rights_print(p->rights, ",", "\"");
	putchar(']');
	effective_terms(&p->terms, true);
	printf(",\"warnings\":[");
	for (i = 0; i < r->count; i++) {
		const struct policy_rule *rule = &p->rules[r->rules[i].number];

		if (!is_linked_often(r, i, &st))
			continue;
		printf("%s{", gap);
		wording_json("file", p->files[rule->at.file]);
		printf(",\"line\":%u,", rule->at.line);
		wording_json("path", rule->path);
		printf(",\"hard_links\":%lu}", (unsigned long)st.st_nlink);
		gap = ",";
	}
	printf("]}\n");
}

static int check_failed(const struct check *c, int err, const struct fault *f)
{
	if (c->json) {
		putchar('{');
		wording_json("file", c->name);
		printf(",\"valid\":false,");
		wording_json("error", f->text);
		printf("}\n");
	} else {
		ctl_complain("%s", f->text);
	}
	return err == -ENOMEM || err == -EMFILE || err == -ENFILE ? CTL_FAILED : CTL_INVALID;
}

/* `run` makes the policy's directories before it looks paths up; a check changes nothing. */
static void expect_directories(struct policy *p)
{
	char **made;
	size_t i;

	for (made = p->directories; made && *made; made++)
		for (i = 0; i < p->rule_count; i++)
			if (strcmp(p->rules[i].path, *made) == 0)
				p->rules[i].optional = true;
}

/* As `run` would from here. What comes of it is the caller's, also after a failure. */
static int policy_load(const struct check *c, struct policy **ret_policy)
{
	struct policy_vars vars = { .home = home_of_caller(), .agent = "agent" };
	char *workspace = realpath(c->workspace, NULL), safe[256];
	struct fault f;
	int err;

	if (!workspace) {
		escape_text(safe, sizeof(safe), c->workspace, strlen(c->workspace));
		ctl_complain("workspace %s: %s", safe, strerror(errno));
		return CTL_FAILED;
	}
	vars.workspace = workspace;
	err = profile_load(c->name, search_path(), &vars, ret_policy, NULL, &f);
	free(workspace);
	return err ? check_failed(c, err, &f) : CTL_OK;
}

static int policy_effective(const struct check *c)
{
	struct policy *policy = NULL;
	int status = policy_load(c, &policy);

	if (status == CTL_OK)
		effective_print(policy, c->json);
	policy_free(policy);
	if (fflush(stdout) == EOF) {
		ctl_complain("cannot write: %s", strerror(errno));
		return CTL_FAILED;
	}
	return status;
}

/* 1 says that they differ, so whatever goes wrong is 3. */
static int policy_diff(const struct check *c, const char *name_b)
{
	struct check other = *c;
	struct policy *a = NULL, *b = NULL;
	int status = policy_load(c, &a);

	other.name = name_b;
	if (status == CTL_OK)
		status = policy_load(&other, &b);
	if (status != CTL_OK) {
		status = CTL_INVALID;
	} else {
		status = difference_print(a, b, c->json);
		if (status < 0) {
			ctl_complain("out of memory");
			status = CTL_INVALID;
		}
	}
	policy_free(a);
	policy_free(b);
	if (fflush(stdout) == EOF) {
		ctl_complain("cannot write: %s", strerror(errno));
		return CTL_INVALID;
	}
	return status;
}

static int policy_check(const struct check *c)
{
	struct resolved resolved = { .count = 0 };
	struct policy *policy = NULL;
	struct fault f;
	int err, status = policy_load(c, &policy);

	if (status == CTL_OK) {
		expect_directories(policy);
		err = resolve_policy(policy, NULL, &resolved, &f);
		if (err)
			status = check_failed(c, err, &f);
		else if (c->json)
			check_print_json(policy, &resolved);
		else
			check_print_text(policy, &resolved);
	}
	resolve_release(&resolved);
	policy_free(policy);
	return status;
}

struct list {
	bool json;
	size_t count;
};

static int list_one(const char *name, const char *file, int shadowed, void *cookie)
{
	struct list *list = cookie;
	char safe_name[NAME_MAX + 1], safe[PATH_MAX];

	list->count++;
	if (list->json) {
		printf("%s{", list->count > 1 ? "," : "");
		wording_json("name", name);
		putchar(',');
		wording_json("file", file);
		printf(",\"shadowed\":%s}", shadowed ? "true" : "false");
		return 0;
	}
	escape_text(safe_name, sizeof(safe_name), name, strlen(name));
	escape_text(safe, sizeof(safe), file, strlen(file));
	printf("%-20s %s%s\n", safe_name, safe,
	       shadowed ? "  (not used: an earlier directory has this name)" : "");
	return 0;
}

static int policy_list(bool json)
{
	struct list list = { .json = json };
	char safe[512];

	if (json)
		putchar('[');
	if (profile_list(search_path(), list_one, &list) < 0) {
		ctl_complain("out of memory");
		return CTL_FAILED;
	}
	if (json)
		printf("]\n");
	if (!list.count && !json) {
		escape_text(safe, sizeof(safe), search_path(), strlen(search_path()));
		ctl_complain("no policy in %s", safe);
	}
	return CTL_OK;
}

/* Byte for byte into a file or pipe; escaped, line by line, onto a terminal. */
static int policy_show(const char *name)
{
	char *file, *bytes, safe[4096];
	const char *at, *end, *stop;
	struct fault f;
	size_t len;
	int err;

	err = profile_find(name, search_path(), &file, &f);
	if (!err) {
		err = profile_read(file, &bytes, &len, &f);
		free(file);
	}
	if (err) {
		ctl_complain("%s", f.text);
		return CTL_INVALID;
	}
	if (!isatty(STDOUT_FILENO)) {
		fwrite(bytes, 1, len, stdout);
	} else {
		for (at = bytes, end = bytes + len; at < end; at = stop + 1) {
			stop = memchr(at, '\n', (size_t)(end - at));
			if (!stop)
				stop = end;
			escape_text(safe, sizeof(safe), at, (size_t)(stop - at));
			puts(safe);
		}
	}
	free(bytes);
	if (fflush(stdout) == EOF) {
		ctl_complain("cannot write: %s", strerror(errno));
		return CTL_FAILED;
	}
	return CTL_OK;
}

int cmd_policy(int argc, char **argv)
{
	static const struct option options[] = {
		{ "workspace", required_argument, NULL, 'w' },
		{ "json", no_argument, NULL, 'j' },
		{ "effective", no_argument, NULL, 'e' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct check check = { .workspace = "." };
	const char *verb, *workspace = NULL;
	bool effective = false;
	int option;

	/* These two take a program, with options of its own. */
	if (argc > 1 && strcmp(argv[1], "test") == 0)
		return cmd_policy_test(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "learn") == 0)
		return cmd_policy_learn(argc - 1, argv + 1);
	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, ":hw:j", options, NULL)) != -1) {
		switch (option) {
		case 'w':
			workspace = optarg;
			break;
		case 'j':
			check.json = true;
			break;
		case 'e':
			effective = true;
			break;
		case 'h':
			fputs(help, stdout);
			return CTL_OK;
		case ':':
			return ctl_usage("policy", "--workspace needs a directory");
		default:
			return ctl_usage("policy", "an option is unknown; there are --workspace, "
						   "--effective, --json and --help");
		}
	}
	argc -= optind;
	argv += optind;
	verb = argc ? argv[0] : "";
	if (strcmp(verb, "check") && strcmp(verb, "apply") && strcmp(verb, "list") &&
	    strcmp(verb, "show") && strcmp(verb, "diff") && strcmp(verb, "explain"))
		return ctl_usage("policy", "what to do is missing or unknown: check, apply, list, "
					   "show, diff, explain, test or learn");
	if (effective && strcmp(verb, "show"))
		return ctl_usage("policy", "--effective goes with show only");
	if (workspace && strcmp(verb, "check") && strcmp(verb, "apply") && strcmp(verb, "diff") &&
	    !effective)
		return ctl_usage("policy", "--workspace goes with check, apply, diff and show "
					   "--effective only");
	if (workspace)
		check.workspace = workspace;
	if (strcmp(verb, "apply") == 0)
		return argc == 3 ? apply_policy(&(struct apply){ .policy = argv[1],
								 .agent = argv[2],
								 .workspace = workspace,
								 .json = check.json }) :
				   ctl_usage("policy", "apply takes a policy and an agent");
	if (strcmp(verb, "explain") == 0)
		return argc == 2 ?
			       explain_denial(&(struct explain_options){
				       .seq = argv[1],
				       .directory = ctl_setting("AGENTOS_AUDIT_DIR", CTL_AUDIT_DIR),
				       .json = check.json }) :
			       ctl_usage("policy", "explain takes the number of one denial");
	if (strcmp(verb, "list") == 0)
		return argc == 1 ? policy_list(check.json) :
				   ctl_usage("policy", "list takes no argument");
	check.name = argc > 1 ? argv[1] : NULL;
	if (strcmp(verb, "diff") == 0)
		return argc == 3 ? policy_diff(&check, argv[2]) :
				   ctl_usage("policy", "diff takes two policies: the one that is, "
						       "and the one that would be");
	if (argc != 2)
		return ctl_usage("policy",
				 "%s takes one policy: a name, or a path with \"/\" in it", verb);
	if (effective)
		return policy_effective(&check);
	if (strcmp(verb, "show") == 0)
		return check.json ? ctl_usage("policy", "--json goes with check, apply, list, "
							"diff, explain and show --effective only") :
				    policy_show(argv[1]);
	return policy_check(&check);
}
