// SPDX-License-Identifier: GPL-2.0-or-later
/* A report in a real browser: light and dark, wide and narrow, and nothing in it is more than text. */
#include "audit/report_html.h"
#include "tests/tap.h"
#include "tests/unit/report_rig.h"

#include <sys/wait.h>

static char said[8192], path[160], texts_path[160];
static char *page;
static size_t page_len;

/* What is to be seen, as it is. */
static const char texts[] = RIG_AGENT
	"(7)\n\\x22><img src=x>\n"
	"/srv/\\xe2\\x80\\xaegnp.exe\\x1b[31m</td>"
	"<script>alert('x')</script>\\xff&amp;\n"
	"<i>host</i> port 443\n<b>fetcher</b>\n";

/* python3 report_browser.py: its exit status; said is what it says. */
static int look(bool quick)
{
	const char *source = getenv("SRC"), *build = getenv("BUILD");
	char program[512], folder[512];
	size_t len = 0;
	ssize_t got;
	int ends[2], status;
	pid_t child;

	snprintf(program, sizeof(program), "%s/tests/unit/report_browser.py",
		 source ? source : ".");
	snprintf(folder, sizeof(folder), "%s/report", build ? build : "build");
	mkdir(folder, 0755);
	if (pipe(ends) != 0)
		return -1;
	child = fork();
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		if (quick)
			execlp("python3", "python3", program, "--quick", "--text", texts_path, path,
			       NULL);
		else
			execlp("python3", "python3", program, "--text", texts_path, path, folder,
			       NULL);
		_exit(127);
	}
	close(ends[1]);
	while ((got = read(ends[0], said + len, sizeof(said) - 1 - len)) > 0)
		len += (size_t)got;
	said[len] = '\0';
	close(ends[0]);
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static bool page_make(void)
{
	const struct report_options o = { .directory = log_dir,
					  .now_ns = (RIG_BEGIN + 86400) * RIG_NS };
	struct report *report;
	FILE *out;
	int rc;

	if (page)
		return true;
	if (!rig_day() || report_read(&o, &report, NULL) != 0)
		return false;
	snprintf(path, sizeof(path), "%s/report.html", log_base);
	snprintf(texts_path, sizeof(texts_path), "%s/texts", log_base);
	out = open_memstream(&page, &page_len);
	if (!out)
		return false;
	rc = report_html(out, report);
	fclose(out);
	report_free(report);
	return rc == 0 && log_set(texts_path, texts, sizeof(texts) - 1);
}

static void the_page_is_seen_as_it_is_meant(void)
{
	int status;

	REQUIRE(page_make() && log_set(path, page, page_len));
	status = look(false);
	CHECK_MSG(status == 0, "%d: %s", status, said);
	CHECK_MSG(strstr(said, "4 looks, 0 faults"), "%s", said);
}

/* The control: another page, with all the faults that are looked for. */
static void faults_of_a_page_are_found(void)
{
	static const char bad[] =
		"<script>1</script><img src=\"file:///nonexistent.png\"><p onclick=\"x\" "
		"style=\"width:3000px\">wide</p>";
	static const char *const faults[] = {
		"pixels wide",
		"there is an element SCRIPT",
		"there is an element IMG",
		"there is an attribute onclick",
		"something else was asked for: file:///nonexistent.png",
		"not to be read: <i>host</i> port 443",
		"pixels of the colour denied",
		"too little contrast of dim"
	};
	char *other, *policy, *at;
	size_t i;

	REQUIRE(page_make());
	other = malloc(page_len + sizeof(bad));
	REQUIRE(other);
	at = strstr(page, "<main>");
	memcpy(other, page, page_len + 1);
	at = other + (at - page);
	memmove(at + sizeof(bad) - 1, at, strlen(at) + 1);
	memcpy(at, bad, sizeof(bad) - 1);
	policy = strstr(other, "Content-Security-Policy");
	memcpy(policy, "x-ignored", 9);
	while ((at = strstr(other, "&lt;i&gt;")))
		memcpy(at, "hidden: :", 9);
	while ((at = strstr(other, "<rect class=\"denied\"")))
		memcpy(at, "<rect class=\"ground\"", 20);
	at = strstr(other, "--dim:#");
	memcpy(at + 7, "e0e0e0", 6);
	REQUIRE(log_set(path, other, strlen(other)));
	free(other);
	CHECK_INT(look(true), 1);
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		CHECK_MSG(strstr(said, faults[i]), "%s: %s", faults[i], said);
}

/* The policy on the page is what keeps others from adding to it. */
static void what_the_policy_forbids_is_not_done(void)
{
	static const char bad[] = "<img src=\"file:///nonexistent.png\"><script>1</script>"
				  "<style>body{width:3000px}</style>";
	char *other, *at;

	REQUIRE(page_make());
	other = malloc(page_len + sizeof(bad));
	REQUIRE(other);
	memcpy(other, page, page_len + 1);
	at = strstr(other, "<main>");
	memmove(at + sizeof(bad) - 1, at, strlen(at) + 1);
	memcpy(at, bad, sizeof(bad) - 1);
	REQUIRE(log_set(path, other, strlen(other)));
	free(other);
	CHECK_INT(look(true), 1);
	CHECK_MSG(!strstr(said, "pixels wide") && strstr(said, "Content Security Policy"), "%s",
		  said);
	free(page);
	page = NULL;
}

static const struct tap_test tests[] = {
	TEST(the_page_is_seen_as_it_is_meant),
	TEST(faults_of_a_page_are_found),
	TEST(what_the_policy_forbids_is_not_done),
};

int main(int argc, char **argv)
{
	int rc = tap_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);

	if (path[0])
		unlink(path);
	if (texts_path[0])
		unlink(texts_path);
	log_end();
	return rc;
}
