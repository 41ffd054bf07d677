// SPDX-License-Identifier: GPL-2.0-or-later
/* What a request asks for beyond its body: what is found, and what is none of it. */
#include "llm/reach.h"
#include "tests/tap.h"

#define BEYOND 1
#define PRICED 2
#define HOUR   4
#define IMAGE  8 /* each */

static void rows_check(enum wire_kind wire, const char *const rows[][2], size_t count)
{
	struct reach r;
	size_t i;
	int is;

	for (i = 0; i < count; i++) {
		reach_scan(wire, rows[i][0], strlen(rows[i][0]), &r);
		is = (r.beyond_body ? BEYOND : 0) | (r.otherwise_priced ? PRICED : 0) |
		     (r.cache_hour ? HOUR : 0) | (int)r.images * IMAGE;
		CHECK_MSG(is == atoi(rows[i][1]), "%s: %d, expected %s", rows[i][0], is,
			  rows[i][1]);
	}
}

#define ROWS(wire, rows) rows_check(wire, rows, sizeof(rows) / sizeof((rows)[0]))
#define PART(part)	 "{\"messages\":[{\"role\":\"user\",\"content\":[" part "]}]}"

static void chat_reaches_urls_files_and_searches(void)
{
	static const char *const rows[][2] = {
		{ "{}", "0" },
		{ "{\"messages\":[{\"role\":\"user\",\"content\":\"url\"}]}", "0" },
		{ PART("{\"type\":\"text\",\"text\":\"http://a\"}"), "0" },
		{ PART("{\"image_url\":{\"url\":\"https://a/b.png\"}}"), "1" },
		{ PART("{\"image_url\":{\"u\\u0072l\":\"https://a/b.png\"}}"), "1" },
		{ PART("{\"image_url\":{\"URL\":\"https://a/b.png\"}}"), "1" },
		{ PART("{\"image_url\":{\"url\":\"data:image/png;base64,AA\"}},"
		       "{\"image_url\":{\"url\":\"\\u0064ata:image/png;base64,AA\"}}"),
		  "16" },
		{ PART("{\"image_url\":{\"url\":\"data:application/pdf;base64,AA\"}}"), "1" },
		{ PART("{\"file\":{\"file_id\":\"f\"}}"), "1" },
		{ PART("{\"file\":{\"file_data\":\"AA\"}}"), "1" },
		/* Whatever was within before, an array's elements are what it is called. */
		{ PART("{\"file_ids\":[{\"a\":1},\"f\"]}"), "1" },
		{ PART("{\"text\":[{\"url\":null},\"f\"]}"), "0" },
		/* The long s and the Kelvin sign are letters of the other case, too. */
		{ "{\"tool\xc5\xbf\":[{\"type\":\"web_\\u0073earch\"}]}", "3" },
		{ "{\"bac\\u212aground\":true}", "3" },
		{ "{\"tools\":[{\"type\":\"function\",\"function\":{\"parameters\":{\"properties\":"
		  "{\"url\":{\"type\":\"string\",\"default\":\"x\"},\"type\":{}}}}}]}",
		  "0" },
		{ "{\"tools\":[{\"type\":\"web_search\"}]}", "3" },
		{ "{\"tools\":[{\"type\":\"function\",\"type\":\"web_search\"}]}", "3" },
		{ "{\"tools\":{\"type\":\"function\"}}", "3" },
		{ "{\"web_search_options\":{}}", "3" },
		{ "{\"web_search_options\":null}", "0" },
		{ "{\"service_tier\":\"priority\"}", "2" },
		{ "{\"service_tier\":5}", "2" },
		{ "{\"service_tier\":\"auto\"}", "0" },
		{ "{\"service_tier\":\"default\\u0000\"}", "2" },
	};

	ROWS(WIRE_OPENAI_CHAT, rows);
}

static void responses_reach_what_was_before(void)
{
	static const char *const rows[][2] = {
		{ "{\"input\":\"x\"}", "0" },
		{ "{\"previous_response_id\":\"r\"}", "1" },
		{ "{\"previous_response_id\":null}", "0" },
		{ "{\"conversation\":{\"id\":\"c\"}}", "1" },
		{ "{\"prompt\":{\"id\":\"p\"}}", "1" },
		{ "{\"background\":true}", "3" },
		{ "{\"background\":false}", "0" },
		{ "{\"input\":[{\"type\":\"item_reference\",\"id\":\"i\"}]}", "1" },
		{ "{\"input\":[{\"content\":[{\"image_url\":\"https://a\"}]}]}", "1" },
		{ "{\"input\":[{\"content\":[{\"file_url\":\"https://a\"}]}]}", "1" },
		{ "{\"tools\":[{\"type\":\"function\"},{\"type\":\"mcp\",\"server_url\":\"x\"}]}",
		  "3" },
		{ "{\"tools\":[{\"type\":\"custom\"}]}", "0" },
	};

	ROWS(WIRE_OPENAI_RESPONSES, rows);
}

static void anthropic_reaches_sources_and_servers(void)
{
	static const char *const rows[][2] = {
		{ PART("{\"type\":\"tool_use\",\"input\":{\"url\":\"https://a\"}}"), "0" },
		{ PART("{\"type\":\"tool_use\",\"input\":{}},"
		       "{\"source\":{\"type\":\"url\",\"url\":\"https://a\"}}"),
		  "1" },
		{ PART("{\"source\":{\"media_type\":\"image/png\",\"data\":\"AA\"}}"), "8" },
		{ PART("{\"source\":{\"media_type\":\"application/pdf\",\"data\":\"AA\"}}"), "1" },
		{ PART("{\"source\":{\"type\":\"file\",\"file_id\":\"f\"}}"), "1" },
		{ "{\"mcp_servers\":[{\"name\":\"m\"}]}", "3" },
		{ "{\"tools\":[{\"name\":\"f\",\"input_schema\":{\"type\":\"object\"}}]}", "0" },
		{ "{\"tools\":[{\"type\":\"web_search_20250305\"}]}", "3" },
		{ "{\"tools\":[{\"type\":\"bash_20250124\"}]}", "1" },
		{ "{\"system\":[{\"cache_control\":{\"ttl\":\"1h\"}}]}", "4" },
		{ "{\"speed\":\"fast\"}", "2" },
	};

	ROWS(WIRE_ANTHROPIC, rows);
}

static void gemini_reaches_caches_and_its_own_tools(void)
{
	static const char *const rows[][2] = {
		{ "{\"contents\":[{\"parts\":[{\"functionCall\":{\"args\":{\"url\":\"u\"}}}]}]}",
		  "0" },
		{ "{\"contents\":[{\"parts\":[{\"fileData\":{\"fileUri\":\"u\"}}]}]}", "1" },
		{ "{\"contents\":[{\"parts\":[{\"file_data\":{\"file_uri\":\"u\"}}]}]}", "1" },
		{ "{\"contents\":[{\"parts\":[{\"inlineData\":{\"mimeType\":\"image/png\"}}]}]}",
		  "8" },
		{ "{\"contents\":[{\"parts\":[{\"inlineData\":{\"mimeType\":\"video/mp4\"}}]}]}",
		  "1" },
		{ "{\"cachedContent\":\"c\"}", "1" },
		{ "{\"tools\":[{\"functionDeclarations\":[{\"name\":\"f\"}]}]}", "0" },
		{ "{\"tools\":[{\"functionDeclarations\":[]},{\"googleSearch\":{}}]}", "3" },
		{ "{\"generationConfig\":{\"responseMimeType\":\"application/json\"}}", "0" },
	};

	ROWS(WIRE_GEMINI, rows);
}

/* By itself each is looked up by its length. */
static void each_name_is_found_however_it_is_written(void)
{
	static const char *const rows[][2] = {
		{ "ttl\":\"1h", "4" },
		{ "url\":\"u", "1" },
		{ "tools\":{\"a\":\"b\"},\"b\":\"", "3" },
		{ "audio\":\"a", "3" },
		{ "speed\":\"fast", "2" },
		{ "prompt\":\"p", "1" },
		{ "file_id\":\"f", "1" },
		{ "fileUri\":\"u", "1" },
		{ "plugins\":\"p", "3" },
		{ "file_ids\":\"f", "1" },
		{ "file_uri\":\"u", "1" },
		{ "file_url\":\"u", "1" },
		{ "mimeType\":\"image/png", "8" },
		{ "container\":\"c", "3" },
		{ "file_data\":\"f", "1" },
		{ "image_url\":\"u", "1" },
		{ "mime_type\":\"image/png", "8" },
		{ "background\":\"b", "3" },
		{ "media_type\":\"image/png", "8" },
		{ "mcp_servers\":\"m", "3" },
		{ "serviceTier\":\"s", "2" },
		{ "conversation\":\"c", "1" },
		{ "service_tier\":\"s", "2" },
		{ "cachedContent\":\"c", "1" },
		{ "cached_content\":\"c", "1" },
		{ "web_search_options\":\"w", "3" },
		{ "previous_response_id\":\"p", "1" },
	};
	char plain[256], escaped[256];
	const char *pair[1][2];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(plain, sizeof(plain), "{\"%s\"}", rows[i][0]);
		snprintf(escaped, sizeof(escaped), "{\"\\u00%02x%s\"}",
			 (unsigned int)(rows[i][0][0] ^ 32), rows[i][0] + 1);
		pair[0][1] = rows[i][1];
		pair[0][0] = plain;
		ROWS(WIRE_OPENAI_CHAT, pair);
		pair[0][0] = escaped;
		ROWS(WIRE_OPENAI_CHAT, pair);
	}
}

/* Wherever the word that is kept of it ends, and whatever is at its end. */
static void a_long_text_ends_where_it_ends(void)
{
	static const char *const tails[] = {
		"",	      "\\\"",	     "\\\\",
		"\\n",	      "\\u0022",     "\\\",\\\"conversation\\\":\\\"a",
		"\\\\\\\" b", "\\\"\\\"\\\\"
	};
	char json[1024];
	struct reach r;
	size_t i, k;
	int len;

	for (i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		for (k = 0; k < 150; k++) {
			len = snprintf(
				json, sizeof(json), "{\"user\":\"%.*s%s\"}", (int)k,
				"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
				"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
				"aaaaaaaaaa",
				tails[i]);
			reach_scan(WIRE_OPENAI_CHAT, json, (size_t)len, &r);
			CHECK_MSG(!r.beyond_body, "%s", json);
			snprintf(json + len - 1, sizeof(json) - (size_t)len,
				 ",\"conversation\":\"c\"}");
			reach_scan(WIRE_OPENAI_CHAT, json, strlen(json), &r);
			CHECK_MSG(r.beyond_body, "%s", json);
		}
	}
}

static const struct tap_test tests[] = {
	{ "a_long_text_ends_where_it_ends", a_long_text_ends_where_it_ends },
	TEST(each_name_is_found_however_it_is_written),
	TEST(chat_reaches_urls_files_and_searches),
	TEST(responses_reach_what_was_before),
	TEST(anthropic_reaches_sources_and_servers),
	TEST(gemini_reaches_caches_and_its_own_tools),
};

int main(int argc, char **argv)
{
	return tap_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
