// SPDX-License-Identifier: GPL-2.0-or-later
/* What the wires have in common: the statuses of errors, and how a frame is written. */
#include "llm/wire.h"

static const struct {
	enum call_error_kind kind;
	int status;
} statuses[] = {
	{ CALL_ERROR_INVALID, 400 },	 { CALL_ERROR_AUTHENTICATION, 401 },
	{ CALL_ERROR_PAYMENT, 402 },	 { CALL_ERROR_PERMISSION, 403 },
	{ CALL_ERROR_NOT_FOUND, 404 },	 { CALL_ERROR_TIMEOUT, 408 },
	{ CALL_ERROR_TOO_LARGE, 413 },	 { CALL_ERROR_RATE_LIMIT, 429 },
	{ CALL_ERROR_API, 500 },	 { CALL_ERROR_UNAVAILABLE, 503 },
	{ CALL_ERROR_UNAVAILABLE, 502 }, { CALL_ERROR_TIMEOUT, 504 },
	{ CALL_ERROR_OVERLOADED, 529 },
};

int wire_error_status(const struct call_error *error)
{
	size_t i;

	if (error->status)
		return error->status;
	for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].kind == error->kind)
			return statuses[i].status;
	return 500;
}

enum call_error_kind wire_error_kind(int status)
{
	size_t i;

	for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].status == status)
			return statuses[i].kind;
	return status >= 400 && status < 500 ? CALL_ERROR_INVALID : CALL_ERROR_API;
}

void wire_frame_put(struct text *out, const char *event, const char *data, size_t len)
{
	if (event)
		text_printf(out, "event: %s\n", event);
	text_string(out, "data: ");
	text_put(out, data, len);
	text_string(out, "\n\n");
}
