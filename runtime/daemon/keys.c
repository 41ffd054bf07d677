// SPDX-License-Identifier: GPL-2.0-or-later
/* Keys of providers out of the vault, for the gateway. */
#include "daemon/keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/say.h"
#include "vault/vault.h"

static int key_get(enum vault_wrap wrap, struct vault_key *ret_key, struct fault *f)
{
	switch (wrap) {
	case VAULT_KEY_FILE:
		return key_read(VAULT_KEY_PATH, ret_key, f);
	case VAULT_CREDENTIAL:
		return key_credential(getenv("CREDENTIALS_DIRECTORY"), ret_key, f);
	default:
		return fault_set(f, ENOKEY,
				 "the vault is opened by a passphrase, which agentosd has not: "
				 "`agentctl vault rotate --key-file`");
	}
}

static int vault_get(struct vault **ret_vault, struct fault *f)
{
	struct vault_key key = { 0 };
	enum vault_wrap wrap;
	int err = vault_peek(VAULT_PATH, &wrap, f);

	if (!err)
		err = key_get(wrap, &key, f);
	/* Memory that cannot be locked is not good enough for a service. */
	if (!err)
		err = vault_open(VAULT_PATH, &key, false, ret_vault, f);
	key_release(&key);
	return err;
}

/* Once for each reason: it is asked for at every call. */
static void keys_complain(const struct fault *f)
{
	static struct fault last;

	if (!strcmp(last.text, f->text))
		return;
	last = *f;
	say("no key for the gateway: %s", f->text);
}

void keys_lease(const struct gate_key_of *of, struct gate_key *ret_key)
{
	struct locked secret = { 0 };
	struct fault f = { "" };
	struct vault *v;
	int err = vault_get(&v, &f);

	if (err) {
		keys_complain(&f);
		ret_key->error = -ENOKEY;
		return;
	}
	err = vault_lease(v, of->name, of->host, of->port, &secret);
	if (!err && secret.len > sizeof(ret_key->bytes))
		err = -E2BIG;
	if (!err) {
		memcpy(ret_key->bytes, secret.bytes, secret.len);
		ret_key->len = (uint32_t)secret.len;
	}
	ret_key->error = !err ? 0 : err == -ENOENT ? -ENOENT : err == -EACCES ? -EPERM : -ENOKEY;
	locked_release(&secret);
	vault_close(v);
}
