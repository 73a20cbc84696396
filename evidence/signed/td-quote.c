// SPDX-License-Identifier: MIT
/*
 * See td-quote.h. A size that the quote gives has to be that of what is in it,
 * so that nothing lies between two parts that nobody looks at.
 */
#include "evidence/signed/td-quote.h"

#include <errno.h>
#include <string.h>

enum {
	header_size = 48,
	version_4 = 4,
	version_5 = 5,
	key_type_p256 = 2, /* ECDSA-256-with-P-256 */
	tee_tdx = 0x81,
	body_size = 584, /* of TDX 1.0 */
	body_size_15 = 648,
	body_type = 2, /* of version 5 */
	body_type_15 = 3,
	/* in the body */
	module_signer_at = 64,
	module_attributes_at = 112,
	attributes_at = 120,
	mrtd_at = 136,
	rtmr_at = 328,
	data_at = 520,
	/* certification data */
	type_enclave = 6, /* the report of the quoting enclave, and more */
	type_pck_chain = 5,
};

/* A number of at most 4 bytes. 0, or -EINVAL when it is not there. */
static int take_number(struct unmarshal *u, size_t size, uint32_t *ret)
{
	uint32_t number = 0;

	if (u->len < size)
		return -EINVAL;
	for (size_t i = size; i-- > 0;)
		number = number << 8 | u->at[i];
	u->at += size;
	u->len -= size;
	*ret = number;
	return 0;
}

/* That many bytes; NULL when they are not there. */
static const uint8_t *take(struct unmarshal *u, size_t len)
{
	const uint8_t *at = u->at;

	if (u->len < len)
		return NULL;
	u->at += len;
	u->len -= len;
	return at;
}

/* A part behind its size. 0 or -EINVAL. */
static int take_sized(struct unmarshal *u, size_t size, struct unmarshal *ret)
{
	uint32_t len;

	if (take_number(u, size, &len) < 0)
		return -EINVAL;
	ret->at = take(u, len);
	ret->len = len;
	return ret->at ? 0 : -EINVAL;
}

/* Certification data of that type. 0 or -EINVAL. */
static int take_certification(struct unmarshal *u, uint32_t type,
			      struct unmarshal *ret)
{
	uint32_t found;

	if (take_number(u, 2, &found) < 0 || found != type)
		return -EINVAL;
	return take_sized(u, 4, ret);
}

/* The header, of which only what says how to read on is looked at. */
static int read_header(struct unmarshal *u, uint32_t *ret_version,
		       struct fail *f)
{
	struct unmarshal header = { take(u, header_size), header_size };
	uint32_t key_type = 0;
	uint32_t tee = 0;

	if (!header.at || take_number(&header, 2, ret_version) < 0 ||
	    take_number(&header, 2, &key_type) < 0 ||
	    take_number(&header, 4, &tee) < 0)
		return fail_reason(f, "it is cut off in its header");
	if (*ret_version != version_4 && *ret_version != version_5)
		return fail_reason(f, "its version is %u, not 4 or 5",
				   *ret_version);
	if (tee != tee_tdx)
		return fail_reason(f, "it is not a quote of a TDX guest");
	if (key_type != key_type_p256)
		return fail_reason(f, "it is not signed with ECDSA on P-256");
	return 0;
}

/* How long the body is, which only version 5 says. 0 or -EINVAL. */
static int read_body_size(struct unmarshal *u, uint32_t version, uint32_t *ret)
{
	uint32_t type;

	*ret = body_size;
	if (version == version_4)
		return 0;
	if (take_number(u, 2, &type) < 0 || take_number(u, 4, ret) < 0)
		return -EINVAL;
	return (type == body_type && *ret == body_size) ||
			       (type == body_type_15 && *ret == body_size_15)
		       ? 0
		       : -EINVAL;
}

static void read_body(const uint8_t *body, struct td_quote *ret)
{
	ret->module_signer = body + module_signer_at;
	ret->module_attributes = body + module_attributes_at;
	ret->attributes = body + attributes_at;
	ret->mrtd = body + mrtd_at;
	for (size_t i = 0; i < td_rtmrs; i++)
		ret->rtmr[i] = body + rtmr_at + i * td_register_size;
	ret->data = body + data_at;
}

/* What signs the quote, and what vouches for that. 0 or -EINVAL. */
static int read_signature(struct unmarshal *u, struct td_quote *ret)
{
	struct unmarshal enclave;

	ret->signature = take(u, td_p256_size);
	ret->key = take(u, td_p256_size);
	if (!ret->signature || !ret->key ||
	    take_certification(u, type_enclave, &enclave) < 0 || u->len)
		return -EINVAL;
	ret->enclave = take(&enclave, td_enclave_size);
	ret->enclave_signature = take(&enclave, td_p256_size);
	if (!ret->enclave || !ret->enclave_signature ||
	    take_sized(&enclave, 2, &ret->enclave_data) < 0 ||
	    take_certification(&enclave, type_pck_chain, &ret->certificates) <
		    0 ||
	    enclave.len)
		return -EINVAL;
	return 0;
}

int td_quote_read(const struct bytes *b, struct td_quote *ret, struct fail *f)
{
	struct unmarshal u = { b->data, b->len };
	struct unmarshal signature;
	struct td_quote q = { 0 };
	uint32_t version = 0;
	uint32_t size = 0;
	const uint8_t *body;
	int r = read_header(&u, &version, f);

	if (r < 0)
		return r;
	if (read_body_size(&u, version, &size) < 0)
		return fail_reason(f, "its body is of no size that is known");
	body = take(&u, size);
	if (!body)
		return fail_reason(f, "it is cut off in its body");
	read_body(body, &q);
	q.signed_part = (struct unmarshal){ b->data, (size_t)(u.at - b->data) };
	/* what follows is of whoever wrote the blob, and is not looked at */
	if (take_sized(&u, 4, &signature) < 0 ||
	    read_signature(&signature, &q) < 0)
		return fail_reason(f, "what it is signed with is damaged, or "
				      "is not a PCK and its certificates");
	*ret = q;
	return 0;
}

static bool is_zero(const uint8_t *at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (at[i])
			return false;
	return true;
}

/* TDATTRIBUTES: Intel TDX Module, ABI Reference, table 3.1. */
enum {
	attributes_debug_byte = 0, /* TUD: DEBUG, and what else looks inside */
	attributes_byte = 3,
	attributes_stops = 1 << 4,   /* 28: SEPT_VE_DISABLE */
	attributes_migrates = 1 << 5 /* 29: MIGRATABLE */
};

const char *td_quote_refuse(const struct td_quote *q)
{
	if (q->attributes[attributes_debug_byte])
		return "the VM may be debugged by the host";
	if (q->attributes[attributes_byte] & attributes_migrates)
		return "the host may give the VM a migration agent, which can "
		       "read its memory";
	if (!is_zero(q->module_signer, td_register_size) ||
	    !is_zero(q->module_attributes, td_attributes_size))
		return "its TDX module is none of Intel's";
	return NULL;
}

bool td_quote_stops_without_page(const struct td_quote *q)
{
	return q->attributes[attributes_byte] & attributes_stops;
}
