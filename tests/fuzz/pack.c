// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a packed policy: none, or one that packs to the same bytes. */
#include <string.h>

#include "policy/pack.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy *policy;
	uint8_t *bytes;
	size_t len;

	if (policy_unpack(data, size, &policy))
		return 0;
	policy_digest(policy);
	if (policy_pack(policy, &bytes, &len) || len != size || memcmp(bytes, data, size) != 0)
		abort();
	free(bytes);
	policy_free(policy);
	return 0;
}
