// SPDX-License-Identifier: GPL-2.0-or-later
/* Secrets of a vault: they go only where they are bound to, and nothing else than one is taken for one. */
#include "tests/unit/vault_rig.h"

static int lease(const struct vault *v, const char *name, const char *host, uint16_t port)
{
	struct locked s = { 0 };
	int rc = vault_lease(v, name, host, port, &s);

	if (rc == 0 && (s.len != strlen(CANARY) || memcmp(s.bytes, CANARY, s.len) != 0))
		rc = 1;
	if (rc < 0 && s.bytes)
		rc = 2;
	locked_release(&s);
	return rc;
}

static void a_secret_goes_only_where_it_is_bound_to(void)
{
	static const struct {
		const char *host;
		uint16_t port;
		int rc;
	} rows[] = {
		{ "api.openai.com", 443, 0 },
		{ "API.OpenAI.Com", 443, 0 },
		{ "api.openai.com.", 443, 0 },
		{ "api.openai.com..", 443, -EINVAL },
		{ "api.openai.com", 80, -EACCES },
		{ "api.openai.com", 0, -EACCES },
		{ "api.openai.co", 443, -EACCES },
		{ "api.openai.com.evil.test", 443, -EACCES },
		{ "xapi.openai.com", 443, -EACCES },
		{ "x.api.openai.com", 443, -EACCES },
		{ "openai.com", 443, -EACCES },
		{ "api.openai.com@evil.test", 443, -EINVAL },
		{ "api.openai.com\n", 443, -EINVAL },
		{ "api.openai.com:443", 443, -EINVAL },
		{ "", 443, -EINVAL },
		{ ".", 443, -EINVAL },
		{ "localhost", 11434, 0 },
		{ "localhost", 443, -EACCES },
		{ "a.models.test", 8443, 0 },
		{ "A.B.Models.test.", 8443, 0 },
		{ "models.test", 8443, -EACCES },
		{ "xmodels.test", 8443, -EACCES },
		{ ".models.test", 8443, -EINVAL },
		{ "a.models.test", 443, -EACCES },
		{ "10.0.0.7", 443, 0 },
		{ "10.0.0.8", 443, -EACCES },
		{ "10.0.0.07", 443, -EINVAL },
		{ "0x0a000007", 443, -EINVAL },
		{ "167772167", 443, -EINVAL },
	};
	struct vault *v = vault_two();
	struct binding b;
	size_t i;

	REQUIRE(bind(v, "openai", "localhost:11434") && bind(v, "openai", "*.models.test:8443") &&
		bind(v, "openai", "10.0.0.7"));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		CHECK_MSG(lease(v, "openai", rows[i].host, rows[i].port) == rows[i].rc,
			  "\"%s\" %u: %d", rows[i].host, rows[i].port,
			  lease(v, "openai", rows[i].host, rows[i].port));
	/* Bound to no host: to nobody. */
	CHECK_INT(lease(v, "anthropic", "api.openai.com", 443), -EACCES);
	CHECK_INT(lease(v, "nobody", "api.openai.com", 443), -ENOENT);
	/* And no more where it is not bound any longer. */
	REQUIRE(binding_parse("api.openai.com", &b) == 0);
	CHECK_INT(vault_unbind(v, "openai", &b, &f), 0);
	CHECK_INT(vault_unbind(v, "openai", &b, &f), -ENOENT);
	CHECK_INT(lease(v, "openai", "api.openai.com", 443), -EACCES);
	CHECK_INT(lease(v, "openai", "localhost", 11434), 0);
	CHECK_INT(vault_remove(v, "openai", &f), 0);
	CHECK_INT(lease(v, "openai", "localhost", 11434), -ENOENT);
	vault_close(v);
}

static void hosts_are_read_strictly(void)
{
	static const struct {
		const char *text, *written; /* NULL: refused */
	} rows[] = {
		{ "api.openai.com", "api.openai.com:443" },
		{ "API.openai.com.:8443", "api.openai.com:8443" },
		{ "*.Example.com", "*.example.com:443" },
		{ "localhost:1", "localhost:1" },
		{ "a-b.c1:65535", "a-b.c1:65535" },
		{ "127.0.0.1:11434", "127.0.0.1:11434" },
		{ "", NULL },
		{ ".", NULL },
		{ ":443", NULL },
		{ "a:", NULL },
		{ "a:0", NULL },
		{ "a:080", NULL },
		{ "a:65536", NULL },
		{ "a:100000", NULL },
		{ "a:+1", NULL },
		{ "a:1 ", NULL },
		{ "a:1:2", NULL },
		{ "*", NULL },
		{ "*.", NULL },
		{ "*.com", NULL },
		{ "*.*.com", NULL },
		{ "a.*.com", NULL },
		{ "*a.com", NULL },
		{ "*.10.0.0.1", NULL },
		{ "-a.com", NULL },
		{ "a-.com", NULL },
		{ "a..com", NULL },
		{ ".a.com", NULL },
		{ "a_b.com", NULL },
		{ "a b", NULL },
		{ "a/b", NULL },
		{ "https://a.com", NULL },
		{ "u@a.com", NULL },
		{ "[::1]", NULL },
		{ "::1", NULL },
		{ "1.2.3", NULL },
		{ "1.2.3.256", NULL },
		{ "01.2.3.4", NULL },
		{ "a.0x7f", NULL },
		{ "b\xc3\xbc.com", NULL },
	};
	char longest[BINDING_HOST + 8], written[BINDING_TEXT];
	struct binding b;
	size_t i;
	int rc;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rc = binding_parse(rows[i].text, &b);
		CHECK_MSG((rc == 0) == !!rows[i].written, "\"%s\": %d", rows[i].text, rc);
		if (rc || !rows[i].written)
			continue;
		CHECK(binding_is_valid(&b));
		binding_write(&b, written);
		CHECK_STR(written, rows[i].written);
	}
	/* Labels of 63 bytes, and 253 in all. */
	memset(longest, 'a', sizeof(longest));
	longest[63] = longest[127] = longest[191] = '.';
	longest[253] = '\0';
	CHECK_INT(binding_parse(longest, &b), 0);
	longest[253] = 'a';
	longest[254] = '\0';
	CHECK_INT(binding_parse(longest, &b), -EINVAL);
	longest[63] = 'a';
	longest[70] = '\0';
	CHECK_INT(binding_parse(longest, &b), -EINVAL);
}

static void names_and_values_have_their_limits(void)
{
	struct vault *v = vault_two();
	char name[LIMIT_VAULT_NAME + 2], *value = malloc(LIMIT_VAULT_VALUE + 2);
	static const char *const names[] = { "", "A", "a b", "a/b", "\xc3\xbc", "a\n" };
	static const char *const values[] = {
		"",    " a",   "a ", "a\nb", "a\tb",
		"a\n", "\x7f", "\r", " ",    "\xe2\x80\x9csk\xe2\x80\x9d"
	};
	size_t i;

	REQUIRE(value);
	memset(name, 'n', sizeof(name));
	name[LIMIT_VAULT_NAME + 1] = '\0';
	CHECK_INT(vault_set(v, name, "v", 1, NOW, &f), -EINVAL);
	name[LIMIT_VAULT_NAME] = '\0';
	CHECK_INT(vault_set(v, name, "v", 1, NOW, &f), 0);
	CHECK(value_is(vault_find(v, name), "v"));
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK_MSG(vault_set(v, names[i], "v", 1, NOW, &f) == -EINVAL, "\"%s\"", names[i]);
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		CHECK_MSG(vault_set(v, "a", values[i], strlen(values[i]), NOW, &f) == -EBADMSG,
			  "\"%s\"", values[i]);
	CHECK_INT(vault_set(v, "a", "a\0b", 3, NOW, &f), -EBADMSG);
	memset(value, '~', LIMIT_VAULT_VALUE + 2);
	CHECK_INT(vault_set(v, "a", value, LIMIT_VAULT_VALUE + 1, NOW, &f), -EBADMSG);
	CHECK(!strchr(f.text, '~'));
	CHECK(!vault_find(v, "a"));
	CHECK_INT(vault_set(v, "a", value, LIMIT_VAULT_VALUE, NOW, &f), 0);
	CHECK_INT(vault_set(v, "a", "in the middle", 13, NOW + 1, &f), 0);
	/* Nothing of the longer one is left behind the shorter. */
	CHECK(vault_save(v, rig_path("vault"), &f) == 0 && opens() == 0);
	free(value);
	vault_close(v);
}

static void a_vault_and_a_secret_can_be_full(void)
{
	struct vault *v = vault_two();
	char text[32];
	int i;

	for (i = 2; i < LIMIT_VAULT_SECRETS; i++) {
		snprintf(text, sizeof(text), "n%d", 1000 - i);
		REQUIRE(set(v, text, "v"));
	}
	CHECK_INT(vault_set(v, "one-more", "v", 1, NOW, &f), -ENOSPC);
	CHECK_INT(vault_set(v, "openai", "v", 1, NOW, &f), 0);
	for (i = 1; i < LIMIT_VAULT_HOSTS; i++) {
		snprintf(text, sizeof(text), "h%d.test", i);
		REQUIRE(bind(v, "openai", text));
	}
	CHECK(!bind(v, "openai", "one.more") && strstr(f.text, "is bound to 16 hosts"));
	CHECK(!bind(v, "openai", "h3.test.") && strstr(f.text, "already"));
	REQUIRE(vault_save(v, rig_path("vault"), &f) == 0);
	CHECK_INT(opens(), 0);
	while (vault_count(v))
		REQUIRE(vault_remove(v, vault_at(v, vault_count(v) / 2)->name, &f) == 0);
	REQUIRE(vault_save(v, rig_path("vault"), &f) == 0);
	CHECK_INT(opens(), 0);
	vault_close(v);
}

/* Each makes two good records into bad ones. */
static void damage_order(struct vault_entry *e)
{
	struct vault_entry other = e[0];

	e[0] = e[1];
	e[1] = other;
}
static void damage_twice(struct vault_entry *e)
{
	e[1] = e[0];
}
static void damage_name(struct vault_entry *e)
{
	e[0].name[0] = 'A';
}
static void damage_name_end(struct vault_entry *e)
{
	memset(e[1].name, 'z', sizeof(e[1].name));
}
static void damage_name_none(struct vault_entry *e)
{
	memset(e[0].name, 0, sizeof(e[0].name));
}
static void damage_name_behind(struct vault_entry *e)
{
	e[0].name[sizeof(e[0].name) - 1] = 1;
}
static void damage_zero(struct vault_entry *e)
{
	e[1].zero[3] = 1;
}
static void damage_value_none(struct vault_entry *e)
{
	e[0].value_len = 0;
}
static void damage_value_long(struct vault_entry *e)
{
	e[0].value_len = htole16(LIMIT_VAULT_VALUE + 1);
}
static void damage_value_short(struct vault_entry *e)
{
	e[0].value_len = htole16(le16toh(e[0].value_len) - 1);
}
static void damage_value(struct vault_entry *e)
{
	e[0].value[1] = '\n';
}
static void damage_host_count(struct vault_entry *e)
{
	e[1].host_count = htole16(LIMIT_VAULT_HOSTS + 1);
}
static void damage_host_count_most(struct vault_entry *e)
{
	e[1].host_count = 0xffff;
}
static void damage_host_hidden(struct vault_entry *e)
{
	e[1].host_count = 0;
}
static void damage_host_none(struct vault_entry *e)
{
	e[1].host_count = htole16(2);
}
static void damage_host_twice(struct vault_entry *e)
{
	e[1].hosts[1] = e[1].hosts[0];
	e[1].host_count = htole16(2);
}
static void damage_host_case(struct vault_entry *e)
{
	e[1].hosts[0].host[0] = 'A';
}
static void damage_host_dot(struct vault_entry *e)
{
	strcat(e[1].hosts[0].host, ".");
}
static void damage_host_behind(struct vault_entry *e)
{
	e[1].hosts[0].host[100] = 'x';
}
static void damage_host_end(struct vault_entry *e)
{
	memset(e[1].hosts[0].host, 'a', sizeof(e[1].hosts[0].host));
}
static void damage_port(struct vault_entry *e)
{
	e[1].hosts[0].port = 0;
}
static void damage_below(struct vault_entry *e)
{
	e[1].hosts[0].below = 2;
}
static void damage_below_all(struct vault_entry *e)
{
	memset(e[1].hosts[0].host, 0, sizeof(e[1].hosts[0].host));
	strcpy(e[1].hosts[0].host, "com");
	e[1].hosts[0].below = 1;
}
static void damage_host_zero(struct vault_entry *e)
{
	e[1].hosts[0].zero[0] = 1;
}

static void records_that_nobody_would_write_are_refused(void)
{
	static void (*const damages[])(struct vault_entry * e) = {
		damage_order,	   damage_twice,	   damage_name,	       damage_name_end,
		damage_name_none,  damage_name_behind,	   damage_zero,	       damage_value_none,
		damage_value_long, damage_value_short,	   damage_value,       damage_host_count,
		damage_host_none,  damage_host_count_most, damage_host_hidden, damage_host_twice,
		damage_host_case,  damage_host_dot,	   damage_host_behind, damage_host_end,
		damage_port,	   damage_below,	   damage_below_all,   damage_host_zero,
	};
	struct vault *v = vault_two();
	struct vault_entry entries[2];
	size_t i, count = 9;

	for (i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		entries[0] = *vault_at(v, 0);
		entries[1] = *vault_at(v, 1);
		CHECK_INT(entries_check(entries, sizeof(entries), &count), 0);
		CHECK_INT(count, 2);
		damages[i](entries);
		CHECK_MSG(entries_check(entries, sizeof(entries), &count) == -EBADMSG, "damage %zu",
			  i);
	}
	entries[0] = *vault_at(v, 0);
	CHECK_INT(entries_check(entries, sizeof(entries[0]) - 1, &count), -EBADMSG);
	CHECK_INT(entries_check(entries, sizeof(entries[0]) + 1, &count), -EBADMSG);
	CHECK_INT(entries_check(entries, 0, &count), 0);
	CHECK_INT(count, 0);
	vault_close(v);
}

static const struct tap_test tests[] = {
	TEST(a_secret_goes_only_where_it_is_bound_to),	   TEST(hosts_are_read_strictly),
	TEST(names_and_values_have_their_limits),	   TEST(a_vault_and_a_secret_can_be_full),
	TEST(records_that_nobody_would_write_are_refused),
};

TAP_MAIN(tests)
